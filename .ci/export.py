"All that is made from the notebooks, in the folder that holds this one: package, faces, all.py, sidebar, README"
import os
import sys
from pathlib import Path

root = Path(__file__).resolve().parent.parent
os.chdir(root)
os.environ.pop('IN_TEST', None)   # nbdev_export does nothing when it believes itself under test
sys.path.insert(0, str(root/'.ci'))

from nbdev.doclinks import nbdev_export   # noqa: E402  (after the folder is set)
from nbdev.quarto import refresh_quarto_yml   # noqa: E402

import landing   # noqa: E402
import readme   # noqa: E402
import rooms   # noqa: E402
import sidebar   # noqa: E402

if __name__ == '__main__':
    (root/'cxr_weakloc'/'all.py').unlink(missing_ok=True)   # made below; the index of modules is not to hold it
    nbdev_export.__wrapped__()
    rooms.write_faces(root)
    sidebar.write(root)
    landing.write(root)
    refresh_quarto_yml()                          # nbs/nbdev.yml
    if (root/readme.NB).exists():
        readme.write(root)
