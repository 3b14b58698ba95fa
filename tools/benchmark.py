"""Measure the data pipeline: load_faces against keras.utils.image_dataset_from_directory, on the same pictures.

    python tools/benchmark.py            # on $FACEGEN_DATA, data/celeba or the sample faces

Both give batches of 64 shuffled pictures of 64x64. In its first epoch load_faces decodes the pictures and stores them;
the benchmark measures later epochs. The two take turns, so that other work on the machine slows both alike.
"""

import argparse
import statistics
import time

import facegen_keras as fg


def images_per_second(dataset, at_least=0.0):
    """Read whole epochs for at least so many seconds.

    Returns:
        Images per second of wall time, and per second of processor time.
    """
    start, processor_start, count = time.perf_counter(), time.process_time(), 0
    while count == 0 or time.perf_counter() - start < at_least:
        for batch in dataset:
            count += len(batch[0] if isinstance(batch, tuple) else batch)
    return count / (time.perf_counter() - start), count / (time.process_time() - processor_start)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="how often the two take turns (default: 5)")
    parser.add_argument("--seconds", type=float, default=2, help="least time for each in a round (default: 2)")
    options = parser.parse_args()

    fg.quiet()
    import keras  # now that its log is muted

    from facegen_keras.data.layouts import find_layout

    folder = find_layout(fg.find_data())
    attributes = 5 if folder.attribute_file else None
    ours = fg.load_faces(image_size=64, attributes=attributes, split="all", drop_remainder=False)
    theirs = keras.utils.image_dataset_from_directory(
        folder.pictures, label_mode=None, image_size=(64, 64), batch_size=64, verbose=False
    )
    images_per_second(ours)
    images_per_second(theirs)
    ratios = []
    for _ in range(options.rounds):
        slow, fast = images_per_second(theirs, options.seconds), images_per_second(ours, options.seconds)
        ratios.append([f / s for f, s in zip(fast, slow)])
        rates = f"image_dataset_from_directory {slow[0]:,.0f} images/s, load_faces {fast[0]:,.0f} images/s"
        print(f"{rates}: {ratios[-1][0]:.1f} times as fast")
    by_wall, by_processor = (statistics.median(column) for column in zip(*ratios))
    print(f"{len(folder.names):,} pictures of {folder}")
    print(f"Median: load_faces is {by_wall:.1f} times as fast; {by_processor:.1f} times per second of processor time")


if __name__ == "__main__":
    main()
