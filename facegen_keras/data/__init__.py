"""Where faces and their labels are, and how they become a tf.data pipeline."""
