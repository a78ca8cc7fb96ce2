"What do we look for; how do we say that something is wrong"
import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs={
    'findings': [
        'REGIONS',
        'FINDINGS',
        'Finding',
        'finding',
        'add_finding',
        'remove_finding',
    ],
    'errors': [
        'BadInput',
        'debug_wanted',
        'Rejections',
    ],
    'registry': [
        'Entry',
        'Registry',
    ],
    'files': [
        'atomic',
        'sweep',
        'write_json',
        'read_json',
        'save_tensors',
        'safe_join',
        'file_hash',
        'load_hashes',
        'save_hashes',
        'code_of',
        'digest',
        'code_revision',
        'stable_hash',
        'rng',
    ],
    'stages': [
        'Stages',
    ],
    'workers': [
        'start_worker',
        'run_jobs',
        'in_order',
    ],
    'pages': [
        'render',
        'markup',
    ],
    'progress': [
        'track',
    ],
})
