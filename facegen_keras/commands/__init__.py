"""The verbs of the command line, by what they are for; loading them loads neither TensorFlow nor pandas."""
