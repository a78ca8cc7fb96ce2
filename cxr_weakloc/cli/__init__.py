"The road as commands"
import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs={
    'commands': [
        'COMMANDS',
        'parse',
        'help_text',
        'first_line',
        'overview',
        'Opening',
    ],
    'films': [
        'PhantomOptions',
        'PrepareOptions',
        'PretrainOptions',
    ],
    'maps': [
        'HeatmapsOptions',
        'CalibrateOptions',
    ],
    'studies': [
        'RefineOptions',
        'RunOptions',
        'EvaluateOptions',
        'DemoOptions',
        'CompareOptions',
    ],
    'anatomy': [
        'RegionsOptions',
        'RealOptions',
    ],
    'arms': [
        'ArmsOptions',
    ],
    'slurm': [
        'SlurmOptions',
    ],
    'explore': [
        'ExploreOptions',
    ],
    '__main__': [
        'load_commands',
        'main',
    ],
})
