"""What a cell shows, kept as it comes."""


class Handle:
    """In the place of IPython's ``DisplayHandle``: every bundle that was shown or renewed."""

    def __init__(self):
        self.bundles = []

    def display(self, bundle, *, raw):
        assert raw
        self.bundles.append(bundle)

    update = display
