"""The bundled model: whole, small, deterministic, without network or TensorFlow; and its export and its scores."""

import json
import os
import queue
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from arbitrary_nst import Stylizer, model_zoo
from arbitrary_nst.engines import load_engine
from arbitrary_nst.errors import EngineError
from arbitrary_nst.images import decode, style_input
from arbitrary_nst.scores import grids

SCRIPTS = Path(__file__).resolve().parent.parent / "scripts" / "training"
BUNDLE = SCRIPTS.parents[1] / "models" / "mini"


def noise(*shape):
    return np.random.default_rng(0).random(shape, np.float32)


@pytest.fixture(scope="module")
def engine():
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("ARBSTYLE_MODEL_DIR", raising=False)
        return load_engine(model_zoo.resolve("mini", offline=True), "openvino", "f32")


def test_the_bundle_is_whole_and_at_most_3_mb():
    model = model_zoo.resolve("mini", offline=True)
    assert model.verified and model.folder == BUNDLE
    assert {path.name for path in BUNDLE.iterdir()} == {file.path for file in model.card.files}
    assert sum(path.stat().st_size for path in BUNDLE.iterdir()) <= 3_000_000


def test_auto_falls_back_to_it_with_one_line():
    lines = []
    stylizer = Stylizer(offline=True, notify=lines.append)
    assert stylizer.model.card.name == "mini"
    assert stylizer.model.verified and lines == ["using mini (bundled)"]


@pytest.mark.slow
def test_a_run_needs_no_network_and_no_tensorflow():
    script = (
        "import socket, sys\n"
        "def refuse(*_): raise OSError('a run of mini tried the network')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from arbitrary_nst.cli import main\n"
        "sys.argv = ['arbstyle', 'run', sys.argv[1], '-s', sys.argv[2], '-m', 'mini', '-o', sys.argv[3], '--json']\n"
        "try: main()\nexcept SystemExit as exc: assert not exc.code, exc.code\n"
        "print(sorted({'tensorflow', 'tensorflow_hub', 'kagglehub', 'keras'} & set(sys.modules)))\n"
    )
    samples = SCRIPTS.parent / "samples"
    target = Path(os.environ["ARBSTYLE_CACHE_DIR"]) / "out.jpg"
    arguments = [samples / "landscape.jpg", samples / "stained_glass.jpg", target]
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    result, loaded = done.stdout.splitlines()
    assert json.loads(result)["model"] == "mini" and target.is_file()
    assert loaded == "[]" and done.stderr == ""


@pytest.mark.slow
def test_output_is_deterministic(engine):
    photo, style = noise(1, 72, 100, 3), noise(1, 256, 256, 3)
    pictures = [engine.transform(photo, engine.predict_style(style)) for _ in range(3)]
    assert all(np.array_equal(picture, pictures[0]) for picture in pictures)


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (65, 47), (128, 96)])
def test_any_size(engine, size):
    picture = engine.transform(noise(1, *size, 3), engine.predict_style(noise(1, 256, 256, 3)))
    assert picture.shape == (1, *size, 3) and picture.min() >= 0 and picture.max() <= 1


def test_a_batch_is_its_photos_one_by_one(engine):
    photos, numbers = noise(3, 40, 56, 3), engine.predict_style(noise(3, 256, 256, 3))
    batch = engine.transform(photos, numbers)
    for i in range(3):
        alone = engine.transform(photos[i : i + 1], numbers[i : i + 1])
        np.testing.assert_allclose(batch[i], alone[0], atol=1e-4)  # f32 order of sums


def test_a_flat_area_stays_flat(engine):
    """No subpixel of the network's cells stands out, in whichever style: no crosshatch at 100 % zoom."""
    photo = np.full((1, 160, 640, 3), 0.6, np.float32)
    photo[:, :, :160] = noise(1, 160, 160, 3)
    for style in noise(4, 256, 256, 3) * np.linspace(0.3, 1, 4, dtype=np.float32)[:, None, None, None]:
        picture = engine.transform(photo, engine.predict_style(style[None]))[0]
        assert picture[:, :160].std() > 0.02
        assert np.ptp(picture[:, 480:], axis=(0, 1)).max() < 1 / 255


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["f32", "bf16"])
def test_a_flat_photo_comes_out_in_one_colour(precision):
    """Normalising what has no variance makes nothing of it: no screen of cells, in whichever style."""
    flat_engine = load_engine(model_zoo.resolve("mini", offline=True), "openvino", precision)
    styles = noise(8, 256, 256, 3) ** np.linspace(0.3, 3, 8, dtype=np.float32)[:, None, None, None]
    styles[::2, ::5] = styles[::2, ::5] > 0.5
    bottlenecks = [flat_engine.predict_style(style[None]) for style in styles]
    for colour in ((0.5, 0.5, 0.5), (1, 1, 1), (0, 0, 0), (0.1, 0.2, 0.8)):
        photo = np.full((1, 96, 130, 3), colour, np.float32)
        for bottleneck in bottlenecks:
            picture = flat_engine.transform(photo, bottleneck)[0]
            assert np.ptp(picture, axis=(0, 1)).max() < 3 / 255


def test_a_style_changes_the_picture_a_lot(engine):
    photo = noise(1, 64, 64, 3) * 0.3 + np.linspace(0.2, 0.7, 64, dtype=np.float32)[:, None]
    bright, dark = (np.full((1, 256, 256, 3), value, np.float32) for value in (0.9, 0.1))
    brighter, darker = (engine.transform(photo, engine.predict_style(style)) for style in (bright, dark))
    assert brighter.mean() - darker.mean() > 0.2


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["f32", "bf16"])
def test_moving_the_maps_to_the_style_half_changes_no_picture(shared, precision):
    """As published, and cut at the numbers; bf16 differs, since the maps now run in f32, but is nearer to f32."""
    import openvino

    model, core = model_zoo.resolve("mini", offline=True), openvino.Core()
    try:
        engine = load_engine(model, "openvino", precision)
    except EngineError:
        pytest.skip("this CPU does not compute in bf16")
    predict, f32, published = (
        core.compile_model(BUNDLE / name, "CPU", {"INFERENCE_PRECISION_HINT": how})
        for name, how in (("predict_style.xml", "f32"), ("transform.xml", "f32"), ("transform.xml", precision))
    )
    photo = square(shared, "photos/golden_gate_sq.jpg", 384)
    for name in ("udnie", "towers_1916_sq", "bricks"):
        style = square(shared, f"styles/{name}.jpg", 256)
        picture, bottleneck = engine.transform(photo, engine.predict_style(style)), predict(style)[0]
        exact, before = (network([photo, bottleneck])[0] for network in (f32, published))
        if precision == "f32":
            np.testing.assert_allclose(picture, before, atol=0.5 / 255)
        else:
            assert np.abs(picture - exact).mean() < 1.1 * np.abs(before - exact).mean()


def square(shared, name, size):
    return style_input(decode((shared / "images" / name).read_bytes(), name=name).pixels, size=size)[np.newaxis]


@pytest.mark.slow
def test_numbers_are_the_scales_and_shifts_in_network_order(training):
    """Of the Keras network with the bundle's weights, which the engine's style half must give too."""
    style = noise(2, 256, 256, 3)
    predict, photo_net = training.exported(BUNDLE)
    reads = training.mini.number_maps(photo_net)
    assert [each.name for each in reads[:3]] == ["scale_0", "shift_0", "scale_1"]
    bottleneck = np.asarray(predict(style))
    expected = [bottleneck @ np.asarray(each.kernel)[0, 0] + np.asarray(each.bias) for each in reads]
    engine = load_engine(model_zoo.resolve("mini", offline=True), "openvino", "f32")
    numbers = engine.predict_style(style)
    assert numbers.shape == (2, model_zoo.cards()["mini"].numbers) == (2, 896)
    np.testing.assert_allclose(
        numbers, np.concatenate(expected, axis=1), atol=2e-3
    )  # both in f32, sums in another order


@pytest.mark.slow
def test_both_networks_by_themselves_draw_what_the_whole_one_does(training):
    mini = training.mini
    read, transfer = mini.read_numbers(), mini.transfer_net()
    for variable in (*read.variables, *transfer.variables):
        mini.assign(variable, 0.1 * np.random.default_rng(len(variable.shape)).normal(size=variable.shape))
    photo, bottleneck = noise(1, 32, 48, 3), noise(1, 100)
    whole = np.asarray(mini.photo_net(read, transfer)([photo, bottleneck]))
    assert whole.std() > 0.01
    np.testing.assert_allclose(np.asarray(transfer([photo, np.asarray(read(bottleneck))])), whole, atol=1e-5)


# --- how it was made


@pytest.fixture(scope="module")
def training():
    """scripts/training/train_mini.py as a module, over TensorFlow."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_BACKEND", "tensorflow")
        patch.syspath_prepend(str(SCRIPTS))
        import train_mini

        yield train_mini


@pytest.mark.slow
def test_exported_halves_equal_the_trained_ones(training, tmp_path):
    """Weights are rounded to f16, whose 11 bits leave errors of 5e-4 relative per weight."""
    import keras
    import openvino

    keras.utils.set_random_seed(3)
    networks = training.mini.style_net(), training.mini.photo_net()
    for variable in (*networks[0].variables, *networks[1].variables):
        training.mini.assign(variable, variable.value)  # within its constraint, as a trained one is
    training.export(*networks, tmp_path)
    core = openvino.Core()
    f32 = {"INFERENCE_PRECISION_HINT": "f32"}
    style_half, photo_half = (
        core.compile_model(tmp_path / f"{name}.xml", "CPU", f32) for name in ("predict_style", "transform")
    )
    style, photo = noise(2, 256, 256, 3), noise(2, 48, 72, 3)
    bottleneck = np.asarray(networks[0](style))
    np.testing.assert_allclose(style_half([style])[0], bottleneck, atol=1e-2)
    picture = np.asarray(networks[1]([photo, bottleneck]))
    assert picture.std() > 0.01  # something that could differ
    np.testing.assert_allclose(photo_half([photo, bottleneck])[0], picture, atol=1e-2)


@pytest.mark.slow
def test_an_export_can_be_trained_on(training, tmp_path):
    networks, others = ((training.mini.style_net(), training.mini.photo_net()) for _ in range(2))
    rng = np.random.default_rng(4)
    for variable in (*networks[0].variables, *networks[1].variables):
        # No zeros and no twins, which a conversion leaves out.
        training.mini.assign(variable, 0.1 * rng.normal(size=variable.shape))
    training.export(*networks, tmp_path)
    training.take_back(tmp_path, *others)
    for net, other in zip(networks, others, strict=True):
        for before, after in zip(net.variables, other.variables, strict=True):
            before, after = np.asarray(before), np.asarray(after)
            np.testing.assert_allclose(after, before, atol=max(1e-6, np.abs(before).max() / 250))


def test_bottlenecks_are_stretched_from_their_mean(training):
    net, styles = training.mini.style_net(), noise(3, 64, 64, 3) * np.array([0.2, 0.6, 1])[:, None, None, None]
    before = np.asarray(net(styles))
    training.stretch(net, styles, 1.5)
    middle = before.mean(axis=0)
    np.testing.assert_allclose(np.asarray(net(styles)), middle + 1.5 * (before - middle), atol=1e-5)
    assert np.abs(before - middle).max() > 0.1


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own, under NumPy 2
@pytest.mark.parametrize("share", [0.5, 1.5])
def test_a_mean_holds_a_share_of_the_first_and_may_go_beyond_it(training, share):
    networks, others = ((training.mini.style_net(), training.mini.photo_net()) for _ in range(2))
    for variable in (variable for net in (*networks, *others) for variable in net.variables):
        training.mini.assign(variable, variable.value)  # within its constraint, as a trained one is
    before = [np.array(variable) for net in networks for variable in net.variables]
    training.mean(networks, others, share)
    after = [np.array(variable) for net in networks for variable in net.variables]
    theirs = [np.array(variable) for net in others for variable in net.variables]
    for mine, other, mixed in zip(before, theirs, after, strict=True):
        np.testing.assert_allclose(mixed, other + share * (mine - other), atol=1e-6)
    assert any(not np.allclose(old, new) for old, new in zip(before, after, strict=True))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own, under NumPy 2
def test_the_style_network_learns_alone_and_goes_on_where_it_was(training, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["train_mini.py", "--precision", "float32", "--work", str(tmp_path)])
    monkeypatch.setattr(training, "STYLE_BATCH", 2)
    args = training.arguments()
    args.style_minutes = 0.02
    model = training.build(args, features=None)
    before = [np.array(variable) for variable in model.predict_style.variables]
    photos_before = [np.array(variable) for variable in model.transform.variables]

    class FewStyles:
        def taught_styles(self, count, rng):
            return noise(count, 64, 64, 3), np.ones((count, 100), np.float32)

    rng = np.random.default_rng(0)
    state = {"step": 0, "minutes": 0.0, "joined_at": None, "style_minutes": 0.0}
    training.learn_styles(args, model, FewStyles(), rng, state)
    after = [np.array(variable) for variable in model.predict_style.variables]
    assert state["style_minutes"] >= args.style_minutes and (tmp_path / "checkpoint.npz").is_file()
    assert any(not np.array_equal(old, new) for old, new in zip(before, after, strict=True))
    for old, new in zip(photos_before, model.transform.variables, strict=True):
        np.testing.assert_array_equal(new, old)
    training.learn_styles(args, model, None, rng, state)  # done already: neither pictures nor steps


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own, under NumPy 2
def test_the_photo_network_can_be_left_as_it_is(training, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["train_mini.py", "--precision", "float32", "--styles-only"])
    model = training.build(training.arguments(), features=None)
    before = [[np.array(v) for v in net.variables] for net in (model.predict_style, model.transform)]
    x = {"photo": noise(1, 64, 64, 3), "style": noise(1, 64, 64, 3)}
    model.train_on_batch(x, {"teacher": x["style"], "bottleneck": np.ones((1, 100), np.float32)})
    for old, new in zip(before[1], model.transform.variables, strict=True):
        np.testing.assert_array_equal(new, old)
    averages = training.averaged(model)[0].variables
    assert any(not np.array_equal(old, new) for old, new in zip(before[0], averages, strict=True))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own, under NumPy 2
def test_training_goes_on_from_a_checkpoint(training, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["train_mini.py", "--precision", "float32"])
    args = training.arguments()
    model, other = (training.build(args, features=None) for _ in range(2))
    arrays = [array + 1 for array in training.snapshot(model)]
    training.save(tmp_path / "checkpoint.npz", arrays, {"step": 7, "minutes": 1.5})
    assert training.restore(tmp_path / "checkpoint.npz", other) == {"step": 7, "minutes": 1.5}
    for expected, actual in zip(arrays, training.snapshot(other), strict=True):
        np.testing.assert_array_equal(actual, expected)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.npz"]


@pytest.mark.slow
def test_jax_trains_it_and_tensorflow_takes_the_checkpoint(training, tmp_path, monkeypatch):
    """As on a GPU that has JAX alone, without a step of Python per operation; only the export needs TensorFlow."""
    pytest.importorskip("jax", reason="jax is not installed")
    script = (
        "import sys\n"
        "sys.path[:0] = sys.argv.pop(1).split(':')\n"
        "import numpy as np, train_mini\n"
        "assert train_mini.keras.backend.backend() == 'jax'\n"
        "model = train_mini.build(train_mini.arguments(), features=None)\n"
        "before = train_mini.snapshot(model)\n"
        "model.optimizer.learning_rate = 1e-5\n"
        "x = {'photo': np.full((1, 16, 16, 3), 0.3, np.float32), 'style': np.full((1, 64, 64, 3), 0.6, np.float32)}\n"
        "y = {'teacher': 1 - x['photo'], 'bottleneck': np.ones((1, 100), np.float32)}\n"
        "losses = [float(model.train_on_batch(x, y)) for _ in range(3)]\n"
        "assert losses[-1] < losses[0], losses\n"
        "after = train_mini.snapshot(model)\n"
        "assert any((old != new).any() for old, new in zip(before, after, strict=True))\n"
        "train_mini.save(train_mini.Path(sys.argv[2]) / 'checkpoint.npz', after, {'step': 3})\n"
        "picture = model.transform([x['photo'], y['bottleneck']])\n"
        "np.save(train_mini.Path(sys.argv[2]) / 'picture.npy', picture)\n"
        "weave = np.load(train_mini.Path(sys.argv[2]) / 'weave.npy')\n"
        "np.save(train_mini.Path(sys.argv[2]) / 'mesh.npy', train_mini.pixel_losses.mesh(weave))\n"
    )
    weave = noise(1, 96, 112, 3) + 0.3 * np.sin(np.pi / 4 * np.arange(112, dtype=np.float32))[:, None]
    np.save(tmp_path / "weave.npy", weave)
    quickly = "--xla_backend_optimization_level=0"  # compiling is nearly all of it
    path, environment = str(SCRIPTS), os.environ | {"KERAS_BACKEND": "jax", "XLA_FLAGS": quickly}
    done = subprocess.run(
        [sys.executable, "-c", script, path, "--work", tmp_path], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    monkeypatch.setattr(sys, "argv", ["train_mini.py"])
    model = training.build(training.arguments(), features=None)
    assert training.restore(tmp_path / "checkpoint.npz", model) == {"step": 3}
    picture = model.transform([np.full((1, 16, 16, 3), 0.3, np.float32), np.ones((1, 100), np.float32)])
    np.testing.assert_allclose(picture, np.load(tmp_path / "picture.npy"), atol=1e-4)
    mesh = float(training.pixel_losses.mesh(weave))
    assert mesh > 0.1 and float(np.load(tmp_path / "mesh.npy")) == pytest.approx(mesh, rel=1e-3)


def test_batches_are_made_ahead_by_threads_that_draw_different_ones(training):
    import pictures

    made = pictures.made_ahead(lambda rng: rng.random(), np.random.default_rng(0), threads=3, depth=2)
    drawn = [made.get(timeout=10) for _ in range(50)]
    assert len(set(drawn)) == len(drawn) and made.qsize() <= 2


def test_a_pool_judges_renews_and_holds_no_more_than_its_capacity(training):
    """Targets against features that are the pictures themselves, so that every figure is known."""
    from pool import Pool

    made = queue.Queue()

    def features(pictures):
        return [pictures] * 6

    pool = Pool(features, made, 2, np.random.default_rng(0))
    for value in (0.2, 0.4, 0.6):
        photo, style = np.zeros((1, 4, 4, 3), np.float32), np.ones((3, 4, 4, 3), np.float32)
        photo[..., 0] = 1
        made.put(({"photo": photo, "style": style}, {"teacher": photo * value, "bottleneck": np.ones((3, 100))}))
    pool.fill(5)
    assert made.qsize() == 1
    x, y = pool.batch()
    assert x["style"].shape[0] == 3  # two more than photos: only their bottleneck is learnt of
    grams = np.ones((1, 3, 3))
    np.testing.assert_allclose(y["block1_conv1"], grams)
    assert float(y["untouched_s"][0]) == pytest.approx(8 / 9)  # eight of nine products are missing
    seen = {round(float(pool.batch()[1]["teacher_c"][0]), 4) for _ in range(50)}
    assert seen == {round(0.8**2 / 3, 4), round(0.6**2 / 3, 4)}
    pool.renew()
    pool.renew()  # nothing is made: nothing happens
    renewed = {round(float(pool.batch()[1]["teacher_c"][0]), 4) for _ in range(50)}
    assert len(renewed) == 2 and round(0.4**2 / 3, 4) in renewed


def test_held_out_pictures_share_no_source_with_training(training, shared):
    import pictures

    photos, styles = pictures.held_out(shared)
    assert len(set(photos)) == 40 and len(set(styles)) == 12
    for kind, held_out in (("photos", photos), ("styles", styles)):
        sources = {path.name.split("_")[0] for path in pictures.training(shared, kind)}
        assert sources and not sources & {path.name.split("_")[0] for path in held_out}


def test_subpixels_answer_a_constant_map_alike(training):
    nets, rng = training.mini, np.random.default_rng(5)
    even, layer, constant = nets.Even(), nets.ReflectConv(12), np.full((1, 6, 8, 4), 0.7, np.float32)
    layer(constant)
    for variable in layer.variables:
        variable.assign(rng.normal(size=variable.shape))
    assert np.ptp(np.asarray(nets.DepthToSpace()(layer(constant))), axis=(1, 2)).min() > 0.1
    uneven = [np.asarray(variable) for variable in layer.variables]
    for variable in layer.variables:
        variable.assign(even(variable.value))
        np.testing.assert_allclose(np.asarray(even(variable.value)), np.asarray(variable), atol=1e-6)  # a projection
    answer = layer(constant)
    assert np.ptp(np.asarray(nets.DepthToSpace()(answer)), axis=(1, 2)).max() < 1e-5
    np.testing.assert_array_equal(nets.DepthToSpaceWithin()(answer), nets.DepthToSpace()(answer))
    for before, after in zip(uneven, layer.variables, strict=True):
        assert np.asarray(after).mean() == pytest.approx(before.mean(), abs=1e-6)


@pytest.mark.parametrize("shape", [(3, 3, 7, 12), (12,)])
def test_what_is_even_stays_even_in_16_bits(training, shape):
    """Rounded one by one, nine taps near 1 would be off by some thousandths."""
    from export import evenly_rounded

    even = np.asarray(training.mini.Even()(np.random.default_rng(8).normal(size=shape).astype(np.float32)))
    rounded = evenly_rounded(even)
    np.testing.assert_array_equal(rounded, rounded.astype(np.float16))
    assert not (rounded.view(np.uint32) & 0xFFFF).any()  # bf16 holds them too
    np.testing.assert_allclose(rounded, even, atol=2e-2)
    totals = rounded.reshape(-1, *shape[2:-1], 4, shape[-1] // 4).sum(axis=0)
    assert np.ptp(totals, axis=-2).max() < 1e-3


def test_smooth_colours_keep_brightness_and_lose_dots(training):
    import destripe

    grey = np.repeat(0.3 + 0.4 * noise(1, 24, 32, 1), 3, axis=-1)
    np.testing.assert_allclose(destripe.smooth_colours(grey), grey, atol=1e-6)
    dots = (np.indices((24, 32)).sum(axis=0) % 2 - 0.5)[None, ..., None] * np.float32([0.2, -0.4, 0.2])
    np.testing.assert_allclose(destripe.smooth_colours(grey + dots), grey, atol=1e-6)
    assert float(destripe.detail_lost(grey, grey)) == 0
    assert float(destripe.detail_lost(0.5 + 0.5 * (grey - 0.5), grey)) == pytest.approx(np.log(4) ** 2, rel=0.02)


def test_the_grid_term_sees_cells_and_nothing_else(training):
    grid, texture = training.pixel_losses.grid, noise(4, 256, 256, 3)
    wave = np.sin(np.arange(256, dtype=np.float32) / 5)[:, None] * np.ones((1, 256, 256, 3), np.float32)
    assert float(grid(texture)) < 0.01 and float(grid(wave)) < 0.01
    assert float(grid(0 * texture)) == 0
    for cell in (2, 4, 8):
        blocky = texture[:, : 256 // cell, : 256 // cell].repeat(cell, axis=1).repeat(cell, axis=2)
        assert float(grid(blocky)) > 0.5


@pytest.mark.slow
def test_the_mesh_term_sees_what_repeats_every_two_cells_and_nothing_else(training):
    mesh, texture = training.pixel_losses.mesh, noise(4, 256, 256, 3)
    down, across = np.mgrid[:256, :256].astype(np.float32)[:, None, ..., None]
    coarse = texture[:, :32, :32].repeat(8, axis=1).repeat(8, axis=2)
    for harmless in (texture, 0 * texture, np.sin(down / 5), (across > 100) * 1.0, (down + across > 200) * 1.0, coarse):
        assert float(mesh(harmless + 0.01 * texture)) < 0.005
    for weave in (np.sin(np.pi / 4 * down), np.sin(np.pi / 2 * (down + across)), np.sin(3 * np.pi / 4 * across)):
        shown = [float(mesh(texture + strength * weave)) for strength in (0.05, 0.1, 0.3)]
        assert 0.003 < shown[0] < shown[1] < shown[2] and shown[2] > 0.3
    off = np.sin(2 * np.pi / 5.3 * down)  # repeats, but not with the cells
    assert float(mesh(texture + 0.3 * off)) < 0.005


def test_the_mesh_term_is_the_measure_of_the_scores(training):
    weave = noise(2, 96, 112, 3) + 0.3 * np.sin(np.pi / 4 * np.arange(112, dtype=np.float32))[:, None]
    measured = np.mean([grids.mesh(picture) for picture in weave])
    assert measured > 0.1 and float(training.pixel_losses.mesh(weave)) == pytest.approx(measured, rel=1e-3)


def test_the_stripe_term_sees_what_alternates_and_nothing_else(training):
    term, (down, across) = training.pixel_losses.stripe, np.indices((98, 98)).astype(np.float32)
    for harmless in (0 * down, down / 98, (across > 50) * 0.05):
        assert float(term(np.repeat(harmless[None, ..., None], 3, axis=-1))) < 0.2
    for alternating, expected in ((down, 1), (across, 1), (down + across, 4)):
        levels = 0.5 + (alternating % 2 - 0.5)[None, ..., None] / 255  # one from pixel to pixel
        grey = float(term(np.repeat(levels, 3, axis=-1)))
        coloured = float(term(np.concatenate([levels, 0 * levels + 0.5, levels], axis=-1)))
        assert grey == pytest.approx(expected, rel=0.01)  # the square of what a pixel has over its neighbours
        assert coloured == pytest.approx((2 / 3 + training.pixel_losses.DOTS) * grey, rel=0.01)


def test_distances_by_hand(training):
    """Two channels that are constant 1 and 2 have the Gram matrix [[1, 2], [2, 4]] at any size."""
    perceptual = training.perceptual
    features = np.stack([np.full((1, 3, 5), 1.0), np.full((1, 3, 5), 2.0)], -1).astype(np.float32)
    gram = np.asarray(perceptual.gram(features))
    np.testing.assert_allclose(gram, [[[1, 2], [2, 4]]])
    assert float(perceptual.style_distance([gram], [gram])[0]) == 0
    assert float(perceptual.style_distance([0 * gram, gram], [gram, gram])[0]) == pytest.approx(0.5)
    assert float(perceptual.content_distance(features, features + 3)[0]) == pytest.approx(9)


@pytest.mark.slow
def test_the_score_of_a_picture_of_the_photo_is_nothing_and_of_the_style_all(training, shared):
    import score_models

    photo, style, _ = next(score_models.published_pairs())
    scorer = score_models.Scorer()
    assert scorer.score(photo, style, photo) == pytest.approx((0, 0), abs=1e-5)
    assert scorer.score(photo, style, style)[0] == pytest.approx(1, abs=1e-5)
