"""Reading the logs of trainings that do not report themselves."""
