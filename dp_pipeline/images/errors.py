"""Why a body is not taken as an image."""


class UnusableImageError(Exception):
    """These bytes are no image we show. The text is a reason that completes a sentence."""
