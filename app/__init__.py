"""The cutloss service: it stores what trainings report and says what to do about them."""
