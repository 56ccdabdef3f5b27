"""A package whose plugins are kept in a directory of their own, outside of it.

`company.plugins` is the directory ``package-path/plugins``; only this package knows.
"""
import importlib.machinery
import importlib.util
import pathlib
import sys


def _open_plugins():
    home = pathlib.Path(__file__).resolve().parents[2] / 'plugins'
    name = f'{__name__}.plugins'
    spec = importlib.machinery.ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = [str(home)]
    sys.modules[name] = importlib.util.module_from_spec(spec)
    return sys.modules[name]


plugins = _open_plugins()
