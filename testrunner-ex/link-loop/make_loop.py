"""Copy this folder to another place and add a symbolic link that leads back to its top."""
import pathlib
import shutil
import sys


def copy_with_loop(target):
    """Copy this folder to `target`, which must not exist, with a link named ``loop`` to itself."""
    here = pathlib.Path(__file__).resolve().parent
    target = pathlib.Path(target)
    shutil.copytree(here, target, ignore=shutil.ignore_patterns('__pycache__'))
    (target / 'loop').symlink_to('.', target_is_directory=True)
    return target


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit('usage: python make_loop.py FOLDER')
    print(copy_with_loop(sys.argv[1]))
