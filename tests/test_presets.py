import ast
import dataclasses
import json
import re
from math import prod

import pytest

from symconv.errors import InvalidOption
from symconv.layer import Conv
from symconv.presets import PRESETS, Preset, preset, presets

# Channels and spatial sizes of the output, from the papers and reference implementations, not from symconv.
OUTPUTS = {
    "lenet5.c1": (6, 28, 28),
    "lenet5.c3": (16, 10, 10),
    "lenet5.c5": (120, 1, 1),
    "alexnet.conv1": (96, 55, 55),
    "alexnet.conv2": (256, 27, 27),
    "alexnet.conv3": (384, 13, 13),
    "alexnet.conv4": (384, 13, 13),
    "alexnet.conv5": (256, 13, 13),
    "vgg16.conv1_1": (64, 224, 224),
    "vgg16.conv2_1": (128, 112, 112),
    "vgg16.conv3_1": (256, 56, 56),
    "vgg16.conv4_1": (512, 28, 28),
    "vgg16.conv5_3": (512, 14, 14),
    "googlenet.conv1": (64, 112, 112),
    "googlenet.inception3a_1x1": (64, 28, 28),
    "googlenet.inception3a_5x5": (32, 28, 28),
    "inceptionv3.conv2d_1a": (32, 149, 149),
    "inceptionv3.mixed_6b_1x7": (128, 17, 17),
    "inceptionv3.mixed_6b_7x1": (192, 17, 17),
    "resnet50.conv1": (64, 112, 112),
    "resnet50.layer1_conv2": (64, 56, 56),
    "resnet50.layer2_conv2": (128, 28, 28),
    "resnet50.layer2_downsample": (512, 28, 28),
    "resnext50.layer1_conv2": (128, 56, 56),
    "resnext50.layer2_conv2": (256, 28, 28),
    "densenet121.denselayer1_conv1": (128, 56, 56),
    "densenet121.denselayer1_conv2": (32, 56, 56),
    "densenet121.transition1": (128, 56, 56),
    "mobilenetv1.conv1": (32, 112, 112),
    "mobilenetv1.conv_dw_1": (32, 112, 112),
    "mobilenetv1.conv_pw_1": (64, 112, 112),
    "mobilenetv1.conv_dw_2": (64, 56, 56),
    "mobilenetv2.stem": (32, 112, 112),
    "mobilenetv2.block1_depthwise": (32, 112, 112),
    "mobilenetv2.block2_expand": (96, 112, 112),
    "mobilenetv2.block2_depthwise": (96, 56, 56),
    "mobilenetv2.block2_project": (24, 56, 56),
    "efficientnetb0.stem": (32, 112, 112),
    "efficientnetb0.block3a_depthwise": (144, 28, 28),
    "efficientnetb0.block6a_depthwise": (672, 7, 7),
    "shufflenet.stage2_reduce": (60, 28, 28),
    "shufflenet.stage2_expand": (240, 28, 28),
    "squeezenet.conv1": (64, 111, 111),
    "squeezenet.fire2_squeeze": (16, 55, 55),
    "squeezenet.fire2_expand3x3": (64, 55, 55),
    "convnext.stem": (96, 56, 56),
    "convnext.stage1_depthwise": (96, 56, 56),
    "convnext.downsample1": (192, 28, 28),
    "vitb16.patch_embedding": (768, 14, 14),
    "swin.patch_embedding": (96, 56, 56),
    "deeplabv3.layer4_conv2": (512, 65, 65),
    "deeplabv3.aspp_os16_rate6": (256, 33, 33),
    "deeplabv3.aspp_os16_rate18": (256, 33, 33),
    "deeplabv3.aspp_os8_rate12": (256, 65, 65),
    "deeplabv3.aspp_os8_rate24": (256, 65, 65),
    "deeplabv3.aspp_os8_rate36": (256, 65, 65),
    "fcn8s.upscore2": (21, 34, 34),
    "fcn8s.upscore8": (21, 568, 568),
    "unet.down1_conv1": (64, 570, 570),
    "unet.bottom_conv1": (1024, 30, 30),
    "unet.up1": (512, 56, 56),
    "unet.output": (2, 388, 388),
    "unet3d.up1": (512, 18, 18, 14),
    "dcgan.g1": (512, 4, 4),
    "dcgan.g2": (256, 8, 8),
    "dcgan.g5": (3, 64, 64),
    "pix2pix.d4": (512, 31, 31),
    "cyclegan.up1": (128, 128, 128),
    "stablediffusion.unet_conv_in": (320, 64, 64),
    "stablediffusion.unet_downsample1": (320, 32, 32),
    "stablediffusion.encoder_downsample1": (128, 256, 256),
    "wavenet.dilation1": (32, 16000),
    "wavenet.dilation512": (32, 16000),
    "tcn.level8_conv2": (25, 784),
    "mamba.conv1d": (1536, 2048),
    "wav2vec2.encoder_conv1": (512, 3199),
    "wav2vec2.encoder_conv2": (512, 1599),
    "wav2vec2.encoder_conv7": (512, 49),
    "wav2vec2.position_conv": (768, 50),
    "whisper.conv1": (512, 3000),
    "whisper.conv2": (512, 1500),
    "deepspeech2.conv1": (32, 81, 51),
    "deepspeech2.conv2": (32, 41, 51),
    "hifigan.up1": (256, 256),
    "hifigan.resblock1_dilation5": (256, 256),
    "hifigan.msd_conv5": (1024, 128),
    "c3d.conv1a": (64, 16, 112, 112),
    "c3d.conv2a": (128, 16, 56, 56),
    "c3d.conv5b": (512, 2, 7, 7),
    "i3d.stem": (64, 32, 112, 112),
    "r2plus1d.stem_space": (45, 16, 56, 56),
    "r2plus1d.stem_time": (64, 16, 56, 56),
    "videomae.cube_embedding": (768, 8, 14, 14),
}

# Trainable parameters, worked out by hand: they see the input channels, the groups and the bias, as sizes do not.
PARAMETERS = {
    "lenet5.c1": 156,  # the paper states this number and that of C5
    "lenet5.c5": 48_120,
    "alexnet.conv1": 34_944,
    "alexnet.conv2": 307_456,
    "alexnet.conv3": 885_120,
    "alexnet.conv4": 663_936,
    "alexnet.conv5": 442_624,
    "vgg16.conv1_1": 1_792,
    "vgg16.conv5_3": 2_359_808,
    "googlenet.conv1": 9_472,
    "resnet50.conv1": 9_408,
    "resnet50.layer1_conv2": 36_864,
    "resnet50.layer2_downsample": 131_072,
    "resnext50.layer1_conv2": 4_608,
    "densenet121.denselayer1_conv2": 36_864,
    "mobilenetv1.conv_dw_2": 576,
    "mobilenetv2.stem": 864,
    "mobilenetv2.block2_project": 2_304,
    "efficientnetb0.block3a_depthwise": 3_600,
    "shufflenet.stage2_reduce": 4_800,
    "squeezenet.fire2_squeeze": 1_040,
    "convnext.stem": 4_704,
    "convnext.stage1_depthwise": 4_800,
    "convnext.downsample1": 73_920,
    "vitb16.patch_embedding": 590_592,
    "swin.patch_embedding": 4_704,
    "deeplabv3.aspp_os8_rate12": 4_718_592,
    "fcn8s.upscore2": 7_056,
    "fcn8s.upscore8": 112_896,
    "unet.up1": 2_097_664,
    "dcgan.g1": 819_200,
    "dcgan.g5": 3_072,
    "cyclegan.up1": 295_040,
    "stablediffusion.unet_conv_in": 11_840,
    "mamba.conv1d": 7_680,
    "wav2vec2.encoder_conv1": 5_120,
    "whisper.conv1": 123_392,
    "whisper.conv2": 786_944,
    "hifigan.msd_conv5": 1_344_512,
    "c3d.conv1a": 5_248,
    "i3d.stem": 65_856,
    "r2plus1d.stem_space": 6_615,
    "videomae.cube_embedding": 1_180_416,
}

FAMILIES = [
    "lenet",
    "alexnet",
    "vgg16",
    "resnet50",
    "mobilenetv2",
    "efficientnet",
    "deeplabv3",
    "unet.",
    "dcgan",
    "wavenet",
    "c3d.",
    "convnext",
    "vit",
]

ASYMMETRIC = {
    "mobilenetv1.conv1": ((0, 1), (0, 1)),
    "mobilenetv1.conv_dw_2": ((0, 1), (0, 1)),
    "efficientnetb0.stem": ((0, 1), (0, 1)),
    "efficientnetb0.block3a_depthwise": ((1, 2), (1, 2)),
    "efficientnetb0.block6a_depthwise": ((1, 2), (1, 2)),
    "stablediffusion.encoder_downsample1": ((0, 1), (0, 1)),
    "wavenet.dilation1": ((1, 0),),
    "wavenet.dilation512": ((512, 0),),
    "tcn.level8_conv2": ((768, 0),),
    "mamba.conv1d": ((3, 0),),
    "i3d.stem": ((2, 3), (2, 3), (2, 3)),
}

every_preset = pytest.mark.parametrize("known", PRESETS, ids=lambda known: known.name)


def is_transposed(layer: Conv) -> bool:
    return layer.weight_layout == "IO"


def test_there_are_at_least_36_presets():
    assert len(presets()) >= 36
    assert presets() is PRESETS


def test_names_are_unique():
    names = [known.name for known in PRESETS]
    assert sorted(set(names)) == sorted(names)


def test_layers_are_not_listed_twice_within_a_network():
    keys = [(known.network, known.layer) for known in PRESETS]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("family", FAMILIES)
def test_family_is_present(family):
    assert any(known.name.startswith(family) for known in PRESETS)


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_plain_and_transposed_layers_of_each_rank_are_present(ndim):
    kinds = {is_transposed(known.layer) for known in PRESETS if known.layer.ndim == ndim}
    assert kinds == {False, True}


@every_preset
def test_name_is_lower_case_network_and_layer(known):
    assert re.fullmatch(r"[a-z0-9]+\.[a-z][a-z0-9_]*", known.name)


@every_preset
def test_source_names_authors_title_and_year(known):
    authors, title = known.source.split(": ", 1)
    assert authors
    assert re.search(r"[A-Za-z].*\b(19|20)\d\d\b", title)
    assert known.network


@every_preset
def test_arxiv_identifier_is_well_formed_and_not_older_than_the_paper(known):
    identifiers = re.findall(r"arXiv:(\S+?)(?=[;\s]|$)", known.source)
    assert len(identifiers) == known.source.count("arXiv")
    assert len(identifiers) == 1 or known.name.startswith(("lenet5.", "alexnet."))
    for identifier in identifiers:
        assert re.fullmatch(r"\d{2}(0[1-9]|1[0-2])\.\d{4,5}", identifier)
        published = int(re.search(r"\b(20\d\d)\b", known.source.replace(identifier, ""))[1])
        assert 0 <= published - (2000 + int(identifier[:2])) <= 2


@every_preset
def test_note_is_one_line(known):
    assert "\n" not in known.note
    assert known.note == known.note.strip()


@every_preset
def test_batch_is_one(known):
    assert known.layer.batch == 1


def test_output_table_names_every_preset_and_no_other():
    assert set(OUTPUTS) == {known.name for known in PRESETS}


@every_preset
def test_output_has_the_published_size(known):
    assert known.layer.output_shape == (1, *OUTPUTS[known.name])


@pytest.mark.parametrize("name", PARAMETERS)
def test_layer_has_the_right_number_of_parameters(name):
    layer = preset(name).layer
    assert prod(layer.weight_shape) + layer.bias * layer.out_channels == PARAMETERS[name]


def test_asymmetric_paddings_are_those_of_the_implementations():
    found = {
        known.name: known.layer.padding
        for known in PRESETS
        if not is_transposed(known.layer) and any(low != high for low, high in known.layer.padding)
    }
    assert found == ASYMMETRIC


@pytest.mark.parametrize("name", [name for name, output in OUTPUTS.items() if name.startswith(("wavenet.", "tcn."))])
def test_causal_layer_never_reads_the_future(name):
    (axis,) = preset(name).layer.axes
    last_tap = axis.dilation * (axis.kernel_size - 1) - axis.low
    assert last_tap == 0


def test_preset_finds_each_by_its_name():
    assert all(preset(known.name) is known for known in PRESETS)


def test_preset_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        preset("lenet5.c1").name = "other"


def test_note_is_empty_by_default():
    assert Preset("a.b", Conv(3, 3), "A", "B: C, 2000").note == ""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "alexnet.conv6",
            "unknown preset 'alexnet.conv6': did you mean alexnet.conv5, alexnet.conv4, alexnet.conv3? "
            "`symconv layers` lists them all",
        ),
        (
            "ResNet50.conv1",
            "unknown preset 'ResNet50.conv1': did you mean resnet50.conv1? `symconv layers` lists them all",
        ),
        (
            "lenet5",
            "unknown preset 'lenet5': did you mean lenet5.c1, lenet5.c3, lenet5.c5? `symconv layers` lists them all",
        ),
        ("vit", "unknown preset 'vit': did you mean vitb16.patch_embedding? `symconv layers` lists them all"),
        ("zzzz", "unknown preset 'zzzz': `symconv layers` lists them all"),
        ("", "unknown preset '': `symconv layers` lists them all"),
        (None, "unknown preset None: `symconv layers` lists them all"),
    ],
)
def test_unknown_preset_is_refused_and_the_closest_are_named(name, text):
    with pytest.raises(InvalidOption) as caught:
        preset(name)
    assert str(caught.value) == text


@every_preset
def test_layer_survives_json(known):
    written = json.dumps(known.layer.to_json())
    assert Conv.from_json(json.loads(written)) == known.layer
    assert Conv.from_json(known.layer.to_json()) == known.layer


@every_preset
def test_repr_evaluates_back_to_the_layer(known):
    call = ast.parse(repr(known.layer), mode="eval").body
    assert isinstance(call, ast.Call)
    arguments = [ast.literal_eval(argument) for argument in call.args]
    options = {option.arg: ast.literal_eval(option.value) for option in call.keywords}
    assert Conv(*arguments, **options) == known.layer


@every_preset
def test_torch_finds_the_same_output_size(known):
    torch = pytest.importorskip("torch", reason="the comparison of sizes with PyTorch needs torch")
    layer = known.layer
    a = torch.empty(layer.input_shape, device="meta")
    w = torch.empty(layer.weight_shape, device="meta")
    b = torch.empty(layer.bias_shape, device="meta") if layer.bias else None
    z = (transposed_by_torch if is_transposed(layer) else plain_by_torch)(torch, layer, a, w, b)
    assert z.shape == (1, *OUTPUTS[known.name])


def plain_by_torch(torch, layer, a, w, b):
    assert set(layer.input_dilation) == {1}
    zeros = [amount for pair in reversed(layer.padding) for amount in pair]
    conv = getattr(torch.nn.functional, f"conv{layer.ndim}d")
    padded = torch.nn.functional.pad(a, zeros)
    return conv(padded, w, b, stride=layer.stride, dilation=layer.dilation, groups=layer.groups)


def transposed_by_torch(torch, layer, a, w, b):
    """The arguments of ConvTranspose, read back from those of the layer that it is."""
    assert set(layer.stride) == {1}
    spans = [d * (k - 1) for d, k in zip(layer.dilation, layer.kernel_size, strict=True)]
    conv = getattr(torch.nn.functional, f"conv_transpose{layer.ndim}d")
    return conv(
        a,
        w,
        b,
        stride=layer.input_dilation,
        padding=[span - low for span, (low, _) in zip(spans, layer.padding, strict=True)],
        output_padding=[high - low for low, high in layer.padding],
        groups=layer.groups,
        dilation=layer.dilation,
    )
