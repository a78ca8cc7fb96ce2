"Everything that can be said in settings.ini is said there; this file only reads it"
from configparser import ConfigParser
from pathlib import Path
from setuptools import find_packages, setup

root = Path(__file__).parent
ini = ConfigParser(delimiters=['='])
ini.read(root/'settings.ini', encoding='utf-8')
cfg = ini['DEFAULT']
dev = cfg.get('dev_requirements', '').split()

setup(
    name=cfg['lib_name'], version=cfg['version'], description=cfg['description'], keywords=cfg['keywords'].split(),
    author=cfg['author'], author_email=cfg['author_email'], url=cfg['git_url'],
    license='Apache-2.0', license_files=['LICENSE', 'NOTICE'],
    long_description=(root/'README.md').read_text(encoding='utf-8'), long_description_content_type='text/markdown',
    packages=find_packages(include=[cfg['lib_path'], f"{cfg['lib_path']}.*"]),
    package_data={cfg['lib_path']: ['assets/*', 'assets/**/*']},   # the atlas and the weights travel with the code
    python_requires=f">={cfg['min_python']}",
    install_requires=cfg.get('requirements', '').split(), extras_require={'dev': dev} | {k[6:]: v.split() for k,v in cfg.items() if k.startswith('extra_')},
    entry_points={'console_scripts': cfg.get('console_scripts', '').split(),
                  'nbdev': [f"{cfg['lib_name']}={cfg['lib_path']}._modidx:d"]},   # other nbdev sites can link to this one
    zip_safe=False,
)
