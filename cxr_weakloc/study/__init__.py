"The road as one config"
import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs={
    'config': [
        'Count',
        'Share',
        'Condition',
        'Strict',
        'Unprefixed',
        'PUBLISHED_BY_NAME',
        'Data',
        'Phantoms',
        'Baseline',
        'Scores',
        'StudyConfig',
        'demo_config',
        'results_config',
        'RefineCommand',
        'said',
        'unknown_names',
        'load_config',
        'config_example',
        'config_table',
        'plain_config',
    ],
    'road': [
    ],
    'data': [
        'FIRST_TEST',
        'phantom_trees',
        'make_phantoms',
        'Origin',
        'Origins',
        'phantom_origins',
        'open_origins',
        'kept_films',
        'Sets',
        'divided',
        'load_sets',
        'set_aside',
        'with_regions',
        'truth_key',
    ],
    'run': [
        'make_phantoms',
        'Run',
        'run_study',
        'open_run',
        'refine_on',
    ],
    'thesis': [
    ],
    'judged': [
    ],
})
