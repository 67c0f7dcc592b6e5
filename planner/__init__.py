"""The maths of cutloss: pure functions on numbers, no clock, no environment, no I/O."""
