"Two ranks refine as one process does; a rank that ends, ends all, and the same command goes on"
import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
ENV = {k: v for k, v in os.environ.items() if k not in ('RANK', 'WORLD_SIZE', 'LOCAL_RANK')}
ENV |= dict(OMP_NUM_THREADS='1', PYTHONPATH=str(ROOT), TQDM_DISABLE='1', GLOO_SOCKET_IFNAME='lo')


def toy(seed=0):
    "A tiny CLIP, which has no dropout, and films whose heart is a disc"
    import torch
    from transformers import CLIPConfig, CLIPModel

    from cxr_weakloc.core import FINDINGS
    from cxr_weakloc.models import build_tokenizer, clip_reader
    from cxr_weakloc.refine import RefineData
    torch.manual_seed(seed)
    words = build_tokenizer([p for f in FINDINGS.values() for p in f.prompts]*2)
    shape = dict(hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2)
    text = shape | dict(vocab_size=len(words), max_position_embeddings=32)
    text |= dict(eos_token_id=3, bos_token_id=2, pad_token_id=0)
    vision = shape | dict(image_size=32, patch_size=8)
    reader = clip_reader(CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=8)), words, 32)
    row, column = torch.meshgrid(torch.arange(32.), torch.arange(32.), indexing='ij')
    centre = torch.rand(24, 2)*8 + 12
    heart = ((row - centre[:, :1, None])**2 + (column - centre[:, 1:, None])**2 < 36).float()
    films = ((.2 + .5*heart + .1*torch.rand(24, 32, 32))*255).byte()[:, None]
    left, right = (side.expand(24, -1, -1).float() for side in (column > 20, column < 12))
    regions = torch.stack([heart, left, right], 1)
    truth = torch.stack([heart > 0, torch.zeros_like(heart) > 0], 1)
    return reader, RefineData(films, regions, truth=truth, labels=torch.tensor([[1, 0]]).expand(24, -1))


def work(out, seed, dies):
    "What each process does: refine, and write down losses and weights"
    import warnings

    import torch

    from cxr_weakloc.core import BadInput
    from cxr_weakloc.refine import RefineConfig, WeakView, refine
    warnings.simplefilter('ignore')
    torch.set_num_threads(1)
    rank = int(os.environ.get('RANK', 0))
    reader, data = toy(seed if rank else 0)
    arm = 'TrueMasks + EMATeacher + GatedMap + Pull + Outside + Keep'
    cfg = RefineConfig(arm=arm, method='gradcam', epochs=3, bs=8, grid=32, lr=3e-3, amp=False)
    if dies:
        looks = WeakView.before_batch

        def before_batch(self):
            "Rank 1 ends in the third epoch"
            if rank == 1 and self.epoch == 2:
                os._exit(9)
            looks(self)

        WeakView.before_batch = before_batch
    try:
        student = refine(reader, data, cfg, progress=False, out=out/'student.ckpt')
    except BadInput as e:
        print(f'rank {rank}: {e}')
        raise SystemExit(2) from None
    weights = torch.cat([v.flatten().double() for v in student.state_dict().values()])
    report = dict(history=student.manifest['refine']['history'], weights=weights.tolist())
    (out/f'rank{rank}.json').write_text(json.dumps(report))


def start(out, world, seed=0, dies=False):
    "The processes of a launcher: exit codes, and what they said"
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        port = str(s.getsockname()[1])
    out.mkdir(exist_ok=True)
    command = [sys.executable, __file__, str(out), str(seed), str(int(dies))]
    ranks = []
    for rank in range(world):
        env = dict(ENV)
        if world > 1:
            env |= dict(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(world), MASTER_ADDR='127.0.0.1',
                        MASTER_PORT=port)
        ranks.append(subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
    said = [p.communicate(timeout=300)[0] for p in ranks]
    return [p.returncode for p in ranks], said


def read(path):
    "What a process wrote down"
    return json.loads(path.read_text())


def apart(a, b) -> tuple:
    "The largest differences of two reports' losses, and of their weights"
    losses = [abs(x - y[k]) for one, y in zip(a['history'], b['history']) for k, x in one.items()]
    return max(losses), max(abs(x - y) for x, y in zip(a['weights'], b['weights']))


def test_two_ranks():
    with tempfile.TemporaryDirectory() as d:
        d = Path(d)
        codes, said = start(d/'one', 1)
        assert codes == [0], said
        codes, said = start(d/'two', 2)
        assert codes == [0, 0], said
        one, first, second = read(d/'one/rank0.json'), read(d/'two/rank0.json'), read(d/'two/rank1.json')
        assert first['weights'] == second['weights']               # the ranks agree bit for bit
        losses, weights = apart(one, first)
        print(f'two ranks and one: losses {losses:.1e}, weights {weights:.1e} apart')
        assert losses < 5e-3 and weights < 1e-3   # of losses about 5: sums in another order; Adam divides by them

        codes, said = start(d/'killed', 2, dies=True)              # rank 1 ends in the third epoch
        assert codes == [2, 9], (codes, said)
        lines = [line for line in said[0].splitlines() if line.startswith('rank 0:')]
        assert len(lines) == 1 and 'another rank has ended' in lines[0], said
        codes, said = start(d/'killed', 2)                         # the same command
        assert codes == [0, 0], said
        assert read(d/'killed/rank0.json') == first
        assert sorted(p.name for p in (d/'killed').iterdir()) == ['rank0.json', 'rank1.json', 'student.ckpt']


def test_other_films():
    with tempfile.TemporaryDirectory() as d:
        codes, said = start(Path(d)/'two', 2, seed=1)
        assert codes == [2, 2] and 'sees other films, settings or weights than rank 0' in said[0], said


def command(d, out, world):
    "`refine` on a phantom's tree, by the launcher that an installation brings: what it said"
    launch = ['torch.distributed.run', '--standalone', '--nproc_per_node', str(world), '-m', 'cxr_weakloc.cli']
    words = ['refine', d/'phantom', '--weights', d/'clip', '--out', d/out, '--epochs', 1, '--bs', 4, '--at', 2]
    words += ['--arm', 'Prior + Pull + Keep', '--workers', 0, '--validation', .4, '--no-amp']
    told = [sys.executable, '-m', *(launch if world > 1 else ['cxr_weakloc.cli']), *map(str, words)]
    done = subprocess.run(told, env=ENV, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr[-3000:]


def test_the_command():
    "Two ranks of the command line leave one model, the same as one process leaves, and nothing else"
    import warnings

    import torch

    from cxr_weakloc.models import load_reader, save_reader
    from cxr_weakloc.study import Phantoms, make_phantoms
    warnings.simplefilter('ignore')
    with tempfile.TemporaryDirectory() as d:
        d = Path(d)
        make_phantoms(d/'phantom', Phantoms(train=16, test=2, seed=3, conditions=('matched',)), workers=1)
        reader, _ = toy()
        reader.manifest['family'] = 'clip'
        save_reader(reader, d/'clip')
        for out, world in (('one', 1), ('two', 2)):
            command(d, out, world)
        assert sorted(p.name for p in d.iterdir()) == ['clip', 'one', 'phantom', 'two']
        one, two, before = (load_reader(d/name).state_dict() for name in ('one', 'two', 'clip'))
        apart = max(float((x - two[k]).abs().max()) for k, x in one.items())
        learned = max(float((x - before[k]).abs().max()) for k, x in one.items())
        print(f'the command: weights {apart:.1e} apart, {learned:.1e} from where they began')
        assert apart < 1e-5 < learned


if __name__ == '__main__':
    if len(sys.argv) > 1:
        work(Path(sys.argv[1]), int(sys.argv[2]), bool(int(sys.argv[3])))
    else:
        test_two_ranks()
        test_other_films()
        test_the_command()
