"What do we look for; how do we say that something is wrong"
import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs={
    'findings': [
        'REGIONS',
        'FINDINGS',
        'Finding',
        'BadInput',
        'finding',
        'Rejections',
        'atomic',
        'sweep',
        'safe_join',
        'stable_hash',
        'rng',
    ],
})
