"""The demonstration study: phantom patients in both arms, a sample CT for practice."""
