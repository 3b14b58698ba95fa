"""What a discriminator is shown, and how often: the part of `FaceGAN` that asks it."""

import tensorflow as tf


class Judge:
    """D's logits on pictures with attributes, and on the kinds of input it learns to tell apart."""

    @property
    def judges_attributes(self):
        """Whether D sees attributes beside the picture."""
        return len(self.discriminator.inputs) > 1

    def judge(self, images, attributes, training=False):
        """D's logits (b, 1) on images (b, H, W, 3) with attributes (b, n)."""
        images = self.augmented(images, training)
        inputs = [images, tf.convert_to_tensor(attributes)] if self.judges_attributes else images
        return self.discriminator(inputs, training=training)

    def augmented(self, images, training):
        """Images (b, H, W, 3) as D sees them in training: with `augmentation`, if there is one."""
        images = tf.convert_to_tensor(images)
        changes = training and self.augmentation is not None
        return self.augmentation(images, training=True) if changes else images

    def judge_kinds(self, images, attributes, fakes, wanted):
        """D's logits in training, each (b, 1), on all that the loss compares.

        Args:
            images, attributes: real pictures (b, H, W, 3) and what they show (b, n).
            fakes, wanted: generated pictures (k, H, W, 3) and what they were asked to show (k, n).

        Returns:
            dict of logits: `real`, `fake`, and `mismatch` where the loss has real pictures with wrong attributes.
        """
        if self.gan_loss.joint_batch:
            attributes = tf.concat([attributes, wanted], axis=0) if self.judges_attributes else None
            logits = self.judge(tf.concat([images, fakes], axis=0), attributes, training=True)
            return {"real": logits[: tf.shape(images)[0]], "fake": logits[tf.shape(images)[0] :]}
        wrong = [self.gan_loss.wrong_attributes(attributes)] if self.gan_loss.mismatch else []
        real, *mismatch = self._judge_readings(images, [attributes, *wrong])
        logits = {"real": real, "fake": self.judge(fakes, wanted, training=True)}
        return logits | ({"mismatch": mismatch[0]} if mismatch else {})

    def _judge_readings(self, images, readings):
        """Logits on the same images with each of several attributes.

        Where D reads attributes last (see `conditioning`), the features of the images are computed once for all.
        """
        if len(readings) == 1 or "verdict" not in [layer.name for layer in self.discriminator.layers]:
            return [self.judge(images, attributes, training=True) for attributes in readings]
        seen = self.discriminator.get_layer("features")(self.augmented(images, True), training=True)
        verdict = self.discriminator.get_layer("verdict")
        return [verdict([seen, tf.convert_to_tensor(attributes)], training=True) for attributes in readings]
