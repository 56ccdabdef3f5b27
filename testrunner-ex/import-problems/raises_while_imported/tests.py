"""A test module that raises a chained exception of its own while it is imported."""


def settings():
    try:
        return {}['colour']
    except KeyError as missing:
        raise RuntimeError('no settings') from missing


COLOUR = settings()
