"Teaching the gate"
import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs={
    'targets': [
        'FILLS',
        'SETTLES',
        'standard_grey',
        'NormalAppearance',
        'named_sides',
        'zero_shot_sides',
        'candidates',
        'peak_scaled',
        'pseudo_masks',
        'recentred',
        'confidence',
        'use_boxes',
    ],
    'learner': [
        'RefineData',
        'RefineConfig',
        'random_affine',
        'move',
        'restyle',
        'soft_dice',
        'pull_loss',
        'outside_loss',
        'keep_loss',
        'Refiner',
        'prepare',
        'chances',
        'RefineCallback',
        'refine',
        'Bar',
    ],
})
