"""How fast faces arrive: load_faces against keras.utils.image_dataset_from_directory, on the same pictures.

    python benchmarks/pipeline.py            # on $FACEGEN_DATA, data/celeba or the sample faces

Both give batches of 64 shuffled pictures of 64x64. The first epoch of load_faces decodes the pictures and keeps them;
what is measured are the later ones. The two take turns, so that a busy machine slows both alike.
"""

import argparse
import statistics
import time

import keras

from facegen_keras.celeba import load_faces
from facegen_keras.layouts import find_data, find_layout


def images_per_second(dataset, at_least=0.0):
    """Go through whole epochs for at least so many seconds: images per second of time, and of processor time."""
    start, worked, count = time.perf_counter(), time.process_time(), 0
    while count == 0 or time.perf_counter() - start < at_least:
        for batch in dataset:
            count += len(batch[0] if isinstance(batch, tuple) else batch)
    return count / (time.perf_counter() - start), count / (time.process_time() - worked)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="how often the two take turns")
    parser.add_argument("--seconds", type=float, default=2, help="the least time for each in each round")
    options = parser.parse_args()

    folder = find_layout(find_data())
    ours = load_faces(image_size=64, batch_size=64, attributes=5 if folder.attribute_file else None, split="all")
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
        print(f"{rates}: {ratios[-1][0]:.1f} times")
    times, by_work = (statistics.median(column) for column in zip(*ratios))
    print(f"{len(folder.names):,} pictures of {folder}")
    print(f"load_faces is {times:.1f} times as fast (median); {by_work:.1f} times per second of processor time")


if __name__ == "__main__":
    main()
