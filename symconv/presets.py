"""Layers of published networks, as data: `PRESETS`, and `preset`, which finds one by name.

In: a name such as ``resnet50.conv1``.  Out: a `Preset`, whose `Conv` has the sizes that the layer has in its network.
Every layer has batch 1, the network's own channels, and the spatial size that reaches it from the stated input.  Where
a paper leaves a number open, `Preset.source` says whose implementation filled it in.  Never: weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from symconv.errors import InvalidOption
from symconv.layer import Conv


@dataclass(frozen=True)
class Preset:
    """One layer of a published network, and where its numbers come from.

    Attributes
    ----------
    name
        ``network.layer``, in lower case.
    layer
        The layer itself.
    network
        The network's name as its authors write it.
    source
        The paper, and the implementation that numbers were taken from where the paper does not give them.
    note
        What is special about the layer, in one line; empty where nothing is.

    Examples
    --------
    >>> stem = preset("efficientnetb0.stem")
    >>> stem.network, stem.layer.padding, stem.note
    ('EfficientNet-B0', ((0, 1), (0, 1)), 'TensorFlow SAME at stride 2: asymmetric padding')
    """

    name: str
    layer: Conv
    network: str
    source: str
    note: str = ""


def presets() -> tuple[Preset, ...]:
    """Every preset, grouped by network.

    Examples
    --------
    >>> [p.name for p in presets()][:3]
    ['lenet5.c1', 'lenet5.c3', 'lenet5.c5']
    """
    return PRESETS


def preset(name: str) -> Preset:
    """The preset of that name.

    Raises
    ------
    InvalidOption
        If there is none; the message names the closest ones.

    Examples
    --------
    >>> preset("resnet50.conv1").layer
    Conv((224, 224), (7, 7), stride=2, padding=3, in_channels=3, out_channels=64, bias=False)
    >>> preset("resnet50.conv_1")
    Traceback (most recent call last):
    ...
    symconv.errors.InvalidOption: unknown preset 'resnet50.conv_1': did you mean resnet50.conv1, ...
    """
    for known in PRESETS:
        if known.name == name:
            return known
    close = _closest(str(name).lower())
    hint = f"did you mean {', '.join(close)}? " if close else ""
    raise InvalidOption(f"unknown preset {name!r}: {hint}`symconv layers` lists them all")


def _closest(asked: str) -> list[str]:
    """At most three names: those of a network whose name begins so, else those that are spelt most alike."""
    names = [known.name for known in PRESETS]
    same_start = [known for known in names if asked and known.startswith(asked)]
    return same_start[:3] or get_close_matches(asked, names, n=3, cutoff=0.5)


def _network(
    key: str, network: str, source: str, layers: Mapping[str, Conv], notes: Mapping[str, str] | None = None
) -> Iterator[Preset]:
    """Presets ``key.layer`` that share a source; a note without its layer is a mistake in the table."""
    unused = set(notes or {}) - set(layers)
    if unused:
        raise KeyError(f"{key}: notes on layers that are not in the table: {sorted(unused)}")
    for name, layer in layers.items():
        yield Preset(f"{key}.{name}", layer, network, source, (notes or {}).get(name, ""))


_SAME = "TensorFlow SAME at stride 2: asymmetric padding"

PRESETS: tuple[Preset, ...] = (
    # Classification
    *_network(
        "lenet5",
        "LeNet-5",
        "LeCun, Bottou, Bengio, Haffner: Gradient-Based Learning Applied to Document Recognition, Proc. IEEE 1998",
        {
            "c1": Conv((32, 32), (5, 5), in_channels=1, out_channels=6),
            "c3": Conv((14, 14), (5, 5), in_channels=6, out_channels=16),
            "c5": Conv((5, 5), (5, 5), in_channels=16, out_channels=120),
        },
        {
            "c3": "fully connected between channels here; the original connects 60 of the 96 pairs of channels",
            "c5": "the kernel is as large as the input: a dense layer",
        },
    ),
    *_network(
        "alexnet",
        "AlexNet",
        "Krizhevsky, Sutskever, Hinton: ImageNet Classification with Deep Convolutional Neural Networks, NIPS 2012; "
        "input size and padding as in Caffe's bvlc_alexnet",
        {
            "conv1": Conv((227, 227), (11, 11), stride=4, in_channels=3, out_channels=96),
            "conv2": Conv((27, 27), (5, 5), padding=2, groups=2, in_channels=96, out_channels=256),
            "conv3": Conv((13, 13), (3, 3), padding=1, in_channels=256, out_channels=384),
            "conv4": Conv((13, 13), (3, 3), padding=1, groups=2, in_channels=384, out_channels=384),
            "conv5": Conv((13, 13), (3, 3), padding=1, groups=2, in_channels=384, out_channels=256),
        },
        {
            "conv1": "the paper writes 224, but its 55 outputs without padding need 227; one group: both GPUs see RGB",
            "conv2": "two groups, one on each GPU",
        },
    ),
    *_network(
        "vgg16",
        "VGG-16",
        "Simonyan, Zisserman: Very Deep Convolutional Networks for Large-Scale Image Recognition, ICLR 2015, "
        "arXiv:1409.1556 (configuration D)",
        {
            "conv1_1": Conv((224, 224), (3, 3), padding=1, in_channels=3, out_channels=64),
            "conv2_1": Conv((112, 112), (3, 3), padding=1, in_channels=64, out_channels=128),
            "conv3_1": Conv((56, 56), (3, 3), padding=1, in_channels=128, out_channels=256),
            "conv4_1": Conv((28, 28), (3, 3), padding=1, in_channels=256, out_channels=512),
            "conv5_3": Conv((14, 14), (3, 3), padding=1, in_channels=512, out_channels=512),
        },
    ),
    *_network(
        "googlenet",
        "GoogLeNet",
        "Szegedy et al.: Going Deeper with Convolutions, CVPR 2015, arXiv:1409.4842; "
        "padding and biases as in Caffe's bvlc_googlenet",
        {
            "conv1": Conv((224, 224), (7, 7), stride=2, padding=3, in_channels=3, out_channels=64),
            "inception3a_1x1": Conv((28, 28), (1, 1), in_channels=192, out_channels=64),
            "inception3a_5x5": Conv((28, 28), (5, 5), padding=2, in_channels=16, out_channels=32),
        },
    ),
    *_network(
        "inceptionv3",
        "Inception-v3",
        "Szegedy, Vanhoucke, Ioffe, Shlens, Wojna: Rethinking the Inception Architecture for Computer Vision, "
        "CVPR 2016, arXiv:1512.00567; layer names as in torchvision's inception_v3",
        {
            "conv2d_1a": Conv((299, 299), (3, 3), stride=2, in_channels=3, out_channels=32, bias=False),
            "mixed_6b_1x7": Conv((17, 17), (1, 7), padding=(0, 3), in_channels=128, out_channels=128, bias=False),
            "mixed_6b_7x1": Conv((17, 17), (7, 1), padding=(3, 0), in_channels=128, out_channels=192, bias=False),
        },
        {"mixed_6b_1x7": "a 7x7 kernel factored into 1x7 and 7x1"},
    ),
    *_network(
        "resnet50",
        "ResNet-50",
        "He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition, CVPR 2016, arXiv:1512.03385; "
        "strides as in torchvision's resnet50 (v1.5: the 3x3 carries the stride)",
        {
            "conv1": Conv((224, 224), (7, 7), stride=2, padding=3, in_channels=3, out_channels=64, bias=False),
            "layer1_conv2": Conv((56, 56), (3, 3), padding=1, in_channels=64, out_channels=64, bias=False),
            "layer2_conv2": Conv((56, 56), (3, 3), stride=2, padding=1, in_channels=128, out_channels=128, bias=False),
            "layer2_downsample": Conv((56, 56), (1, 1), stride=2, in_channels=256, out_channels=512, bias=False),
        },
        {
            "layer2_conv2": "in the paper the 1x1 convolution before this one has the stride",
            "layer2_downsample": "strided 1x1 shortcut: three quarters of the input never reach the output",
        },
    ),
    *_network(
        "resnext50",
        "ResNeXt-50 32x4d",
        "Xie, Girshick, Dollár, Tu, He: Aggregated Residual Transformations for Deep Neural Networks, CVPR 2017, "
        "arXiv:1611.05431; as in torchvision's resnext50_32x4d",
        {
            "layer1_conv2": Conv((56, 56), (3, 3), padding=1, groups=32, in_channels=128, out_channels=128, bias=False),
            "layer2_conv2": Conv(
                (56, 56), (3, 3), stride=2, padding=1, groups=32, in_channels=256, out_channels=256, bias=False
            ),
        },
        {"layer1_conv2": "32 groups of 4 channels"},
    ),
    *_network(
        "densenet121",
        "DenseNet-121",
        "Huang, Liu, van der Maaten, Weinberger: Densely Connected Convolutional Networks, CVPR 2017, "
        "arXiv:1608.06993; as in torchvision's densenet121",
        {
            "denselayer1_conv1": Conv((56, 56), (1, 1), in_channels=64, out_channels=128, bias=False),
            "denselayer1_conv2": Conv((56, 56), (3, 3), padding=1, in_channels=128, out_channels=32, bias=False),
            "transition1": Conv((56, 56), (1, 1), in_channels=256, out_channels=128, bias=False),
        },
    ),
    *_network(
        "mobilenetv1",
        "MobileNet (1.0, 224)",
        "Howard et al.: MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications, 2017, "
        "arXiv:1704.04861; padding and layer names as in keras.applications",
        {
            "conv1": Conv((224, 224), (3, 3), stride=2, padding="same", in_channels=3, out_channels=32, bias=False),
            "conv_dw_1": Conv(
                (112, 112), (3, 3), padding="same", groups=32, in_channels=32, out_channels=32, bias=False
            ),
            "conv_pw_1": Conv((112, 112), (1, 1), in_channels=32, out_channels=64, bias=False),
            "conv_dw_2": Conv(
                (112, 112), (3, 3), stride=2, padding="same", groups=64, in_channels=64, out_channels=64, bias=False
            ),
        },
        {"conv1": _SAME, "conv_dw_1": "depthwise", "conv_dw_2": f"depthwise; {_SAME}"},
    ),
    *_network(
        "mobilenetv2",
        "MobileNetV2",
        "Sandler, Howard, Zhu, Zhmoginov, Chen: MobileNetV2: Inverted Residuals and Linear Bottlenecks, CVPR 2018, "
        "arXiv:1801.04381; padding as in torchvision's mobilenet_v2",
        {
            "stem": Conv((224, 224), (3, 3), stride=2, padding=1, in_channels=3, out_channels=32, bias=False),
            "block1_depthwise": Conv(
                (112, 112), (3, 3), padding=1, groups=32, in_channels=32, out_channels=32, bias=False
            ),
            "block2_expand": Conv((112, 112), (1, 1), in_channels=16, out_channels=96, bias=False),
            "block2_depthwise": Conv(
                (112, 112), (3, 3), stride=2, padding=1, groups=96, in_channels=96, out_channels=96, bias=False
            ),
            "block2_project": Conv((56, 56), (1, 1), in_channels=96, out_channels=24, bias=False),
        },
    ),
    *_network(
        "efficientnetb0",
        "EfficientNet-B0",
        "Tan, Le: EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks, ICML 2019, "
        "arXiv:1905.11946; padding and block names as in keras.applications",
        {
            "stem": Conv((224, 224), (3, 3), stride=2, padding="same", in_channels=3, out_channels=32, bias=False),
            "block3a_depthwise": Conv(
                (56, 56), (5, 5), stride=2, padding="same", groups=144, in_channels=144, out_channels=144, bias=False
            ),
            "block6a_depthwise": Conv(
                (14, 14), (5, 5), stride=2, padding="same", groups=672, in_channels=672, out_channels=672, bias=False
            ),
        },
        {"stem": _SAME, "block3a_depthwise": f"depthwise; {_SAME}", "block6a_depthwise": f"depthwise; {_SAME}"},
    ),
    *_network(
        "shufflenet",
        "ShuffleNet 1x (g=3)",
        "Zhang, Zhou, Lin, Sun: ShuffleNet: An Extremely Efficient Convolutional Neural Network for Mobile Devices, "
        "CVPR 2018, arXiv:1707.01083; as in megvii-model/ShuffleNet-Series",
        {
            "stage2_reduce": Conv((28, 28), (1, 1), groups=3, in_channels=240, out_channels=60, bias=False),
            "stage2_expand": Conv((28, 28), (1, 1), groups=3, in_channels=60, out_channels=240, bias=False),
        },
        {"stage2_reduce": "grouped 1x1, before the channel shuffle"},
    ),
    *_network(
        "squeezenet",
        "SqueezeNet 1.1",
        "Iandola, Han, Moskewicz, Ashraf, Dally, Keutzer: SqueezeNet: AlexNet-level accuracy with 50x fewer parameters "
        "and <0.5MB model size, 2016, arXiv:1602.07360; version 1.1, sizes as in torchvision's squeezenet1_1",
        {
            "conv1": Conv((224, 224), (3, 3), stride=2, in_channels=3, out_channels=64),
            "fire2_squeeze": Conv((55, 55), (1, 1), in_channels=64, out_channels=16),
            "fire2_expand3x3": Conv((55, 55), (3, 3), padding=1, in_channels=16, out_channels=64),
        },
    ),
    *_network(
        "convnext",
        "ConvNeXt-T",
        "Liu, Mao, Wu, Feichtenhofer, Darrell, Xie: A ConvNet for the 2020s, CVPR 2022, arXiv:2201.03545; "
        "as in facebookresearch/ConvNeXt",
        {
            "stem": Conv((224, 224), (4, 4), stride=4, in_channels=3, out_channels=96),
            "stage1_depthwise": Conv((56, 56), (7, 7), padding=3, groups=96, in_channels=96, out_channels=96),
            "downsample1": Conv((56, 56), (2, 2), stride=2, in_channels=96, out_channels=192),
        },
        {"stem": "patches that do not overlap: stride = kernel"},
    ),
    *_network(
        "vitb16",
        "ViT-B/16",
        "Dosovitskiy et al.: An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale, ICLR 2021, "
        "arXiv:2010.11929",
        {"patch_embedding": Conv((224, 224), (16, 16), stride=16, in_channels=3, out_channels=768)},
        {"patch_embedding": "patches that do not overlap: stride = kernel"},
    ),
    *_network(
        "swin",
        "Swin-T",
        "Liu, Lin, Cao, Hu, Wei, Zhang, Lin, Guo: Swin Transformer: Hierarchical Vision Transformer using Shifted "
        "Windows, ICCV 2021, arXiv:2103.14030",
        {"patch_embedding": Conv((224, 224), (4, 4), stride=4, in_channels=3, out_channels=96)},
    ),
    # Segmentation
    *_network(
        "deeplabv3",
        "DeepLabv3 (ResNet-50)",
        "Chen, Papandreou, Schroff, Adam: Rethinking Atrous Convolution for Semantic Image Segmentation, 2017, "
        "arXiv:1706.05587; input 513x513; output stride 8 as in torchvision's deeplabv3_resnet50",
        {
            "layer4_conv2": Conv(
                (65, 65), (3, 3), padding=4, dilation=4, in_channels=512, out_channels=512, bias=False
            ),
            "aspp_os16_rate6": Conv(
                (33, 33), (3, 3), padding=6, dilation=6, in_channels=2048, out_channels=256, bias=False
            ),
            "aspp_os16_rate18": Conv(
                (33, 33), (3, 3), padding=18, dilation=18, in_channels=2048, out_channels=256, bias=False
            ),
            "aspp_os8_rate12": Conv(
                (65, 65), (3, 3), padding=12, dilation=12, in_channels=2048, out_channels=256, bias=False
            ),
            "aspp_os8_rate24": Conv(
                (65, 65), (3, 3), padding=24, dilation=24, in_channels=2048, out_channels=256, bias=False
            ),
            "aspp_os8_rate36": Conv(
                (65, 65), (3, 3), padding=36, dilation=36, in_channels=2048, out_channels=256, bias=False
            ),
        },
        {
            "layer4_conv2": "atrous in place of the stride of the last two stages: output stride 8",
            "aspp_os16_rate18": "output stride 16; the dilated kernel (37) is larger than the input (33)",
            "aspp_os8_rate36": "output stride 8; the dilated kernel (73) is larger than the input (65)",
        },
    ),
    *_network(
        "fcn8s",
        "FCN-8s",
        "Long, Shelhamer, Darrell: Fully Convolutional Networks for Semantic Segmentation, CVPR 2015, arXiv:1411.4038; "
        "sizes of a 500x500 image in shelhamer/fcn.berkeleyvision.org (voc-fcn8s)",
        {
            "upscore2": Conv.transposed((16, 16), (4, 4), stride=2, in_channels=21, out_channels=21, bias=False),
            "upscore8": Conv.transposed((70, 70), (16, 16), stride=8, in_channels=21, out_channels=21, bias=False),
        },
        {"upscore8": "transposed; the result, 568x568, is cropped to the image"},
    ),
    *_network(
        "unet",
        "U-Net",
        "Ronneberger, Fischer, Brox: U-Net: Convolutional Networks for Biomedical Image Segmentation, MICCAI 2015, "
        "arXiv:1505.04597",
        {
            "down1_conv1": Conv((572, 572), (3, 3), in_channels=1, out_channels=64),
            "bottom_conv1": Conv((32, 32), (3, 3), in_channels=512, out_channels=1024),
            "up1": Conv.transposed((28, 28), (2, 2), stride=2, in_channels=1024, out_channels=512),
            "output": Conv((388, 388), (1, 1), in_channels=64, out_channels=2),
        },
        {"down1_conv1": "no padding: the map shrinks", "up1": "transposed; windows do not overlap: stride = kernel"},
    ),
    *_network(
        "unet3d",
        "3D U-Net",
        "Çiçek, Abdulkadir, Lienkamp, Brox, Ronneberger: 3D U-Net: Learning Dense Volumetric Segmentation from Sparse "
        "Annotation, MICCAI 2016, arXiv:1606.06650; input 132x132x116",
        {"up1": Conv.transposed((9, 9, 7), (2, 2, 2), stride=2, in_channels=512, out_channels=512)},
        {"up1": "transposed, in three dimensions"},
    ),
    # Generation
    *_network(
        "dcgan",
        "DCGAN",
        "Radford, Metz, Chintala: Unsupervised Representation Learning with Deep Convolutional Generative Adversarial "
        "Networks, ICLR 2016, arXiv:1511.06434; kernels and widths as in pytorch/examples (dcgan)",
        {
            "g1": Conv.transposed((1, 1), (4, 4), in_channels=100, out_channels=512, bias=False),
            "g2": Conv.transposed((4, 4), (4, 4), stride=2, padding=1, in_channels=512, out_channels=256, bias=False),
            "g5": Conv.transposed((32, 32), (4, 4), stride=2, padding=1, in_channels=64, out_channels=3, bias=False),
        },
        {"g1": "transposed; the noise z of 100 channels becomes a 4x4 map: a dense layer"},
    ),
    *_network(
        "pix2pix",
        "pix2pix (70x70 PatchGAN)",
        "Isola, Zhu, Zhou, Efros: Image-to-Image Translation with Conditional Adversarial Networks, CVPR 2017, "
        "arXiv:1611.07004; as in junyanz/pytorch-CycleGAN-and-pix2pix",
        {"d4": Conv((32, 32), (4, 4), padding=1, in_channels=256, out_channels=512, bias=False)},
        {"d4": "even kernel at stride 1: the map shrinks by one"},
    ),
    *_network(
        "cyclegan",
        "CycleGAN (ResNet generator)",
        "Zhu, Park, Isola, Efros: Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks, "
        "ICCV 2017, arXiv:1703.10593; 256x256, as in junyanz/pytorch-CycleGAN-and-pix2pix",
        {
            "up1": Conv.transposed(
                (64, 64), (3, 3), stride=2, padding=1, output_padding=1, in_channels=256, out_channels=128
            )
        },
        {"up1": "transposed, with output padding: 64 becomes 128, not 127"},
    ),
    *_network(
        "stablediffusion",
        "Stable Diffusion v1",
        "Rombach, Blattmann, Lorenz, Esser, Ommer: High-Resolution Image Synthesis with Latent Diffusion Models, "
        "CVPR 2022, arXiv:2112.10752; 512x512, as in CompVis/stable-diffusion",
        {
            "unet_conv_in": Conv((64, 64), (3, 3), padding=1, in_channels=4, out_channels=320),
            "unet_downsample1": Conv((64, 64), (3, 3), stride=2, padding=1, in_channels=320, out_channels=320),
            "encoder_downsample1": Conv(
                (512, 512), (3, 3), stride=2, padding=((0, 1), (0, 1)), in_channels=128, out_channels=128
            ),
        },
        {"encoder_downsample1": "asymmetric padding, written out in the implementation"},
    ),
    # Sound and sequences
    *_network(
        "wavenet",
        "WaveNet",
        "van den Oord et al.: WaveNet: A Generative Model for Raw Audio, 2016, arXiv:1609.03499; "
        "channels and biases as in ibab/tensorflow-wavenet; one second at 16 kHz",
        {
            "dilation1": Conv(16000, 2, padding=((1, 0),), in_channels=32, out_channels=32),
            "dilation512": Conv(16000, 2, padding=((512, 0),), dilation=512, in_channels=32, out_channels=32),
        },
        {
            "dilation1": "causal: padding at the past end only",
            "dilation512": "causal: padding at the past end only, d*(K-1)",
        },
    ),
    *_network(
        "tcn",
        "TCN (sequential MNIST)",
        "Bai, Kolter, Koltun: An Empirical Evaluation of Generic Convolutional and Recurrent Networks for Sequence "
        "Modeling, 2018, arXiv:1803.01271; sizes as in locuslab/TCN (mnist_pixel)",
        {"level8_conv2": Conv(784, 7, padding=((768, 0),), dilation=128, in_channels=25, out_channels=25)},
        {"level8_conv2": "causal: the implementation pads both ends by 768 and drops the last 768 outputs"},
    ),
    *_network(
        "mamba",
        "Mamba-130M",
        "Gu, Dao: Mamba: Linear-Time Sequence Modeling with Selective State Spaces, 2023, arXiv:2312.00752; "
        "as in state-spaces/mamba; 2048 tokens",
        {"conv1d": Conv(2048, 4, padding=((3, 0),), groups=1536, in_channels=1536, out_channels=1536)},
        {"conv1d": "causal and depthwise: the implementation pads both ends by 3 and drops the last 3 outputs"},
    ),
    *_network(
        "wav2vec2",
        "wav2vec 2.0 (Base)",
        "Baevski, Zhou, Mohamed, Auli: wav2vec 2.0: A Framework for Self-Supervised Learning of Speech "
        "Representations, NeurIPS 2020, arXiv:2006.11477; biases as in fairseq; one second at 16 kHz",
        {
            "encoder_conv1": Conv(16000, 10, stride=5, in_channels=1, out_channels=512, bias=False),
            "encoder_conv2": Conv(3199, 3, stride=2, in_channels=512, out_channels=512, bias=False),
            "encoder_conv7": Conv(99, 2, stride=2, in_channels=512, out_channels=512, bias=False),
            "position_conv": Conv(49, 128, padding=64, groups=16, in_channels=768, out_channels=768),
        },
        {"position_conv": "even kernel, larger than the input; the implementation drops the last of the 50 outputs"},
    ),
    *_network(
        "whisper",
        "Whisper (base)",
        "Radford, Kim, Xu, Brockman, McLeavey, Sutskever: Robust Speech Recognition via Large-Scale Weak Supervision, "
        "ICML 2023, arXiv:2212.04356; padding as in openai/whisper",
        {
            "conv1": Conv(3000, 3, padding=1, in_channels=80, out_channels=512),
            "conv2": Conv(3000, 3, stride=2, padding=1, in_channels=512, out_channels=512),
        },
    ),
    *_network(
        "deepspeech2",
        "Deep Speech 2",
        "Amodei et al.: Deep Speech 2: End-to-End Speech Recognition in English and Mandarin, ICML 2016, "
        "arXiv:1512.02595; padding and biases as in SeanNaren/deepspeech.pytorch; 161 frequencies, "
        "101 frames (one second at 16 kHz)",
        {
            "conv1": Conv((161, 101), (41, 11), stride=2, padding=(20, 5), in_channels=1, out_channels=32),
            "conv2": Conv((81, 51), (21, 11), stride=(2, 1), padding=(10, 5), in_channels=32, out_channels=32),
        },
        {"conv2": "kernel, stride and padding differ between the axes"},
    ),
    *_network(
        "hifigan",
        "HiFi-GAN V1",
        "Kong, Kim, Bae: HiFi-GAN: Generative Adversarial Networks for Efficient and High Fidelity Speech Synthesis, "
        "NeurIPS 2020, arXiv:2010.05646; as in jik876/hifi-gan; segments of 8192 samples, 32 frames",
        {
            "up1": Conv.transposed(32, 16, stride=8, padding=4, in_channels=512, out_channels=256),
            "resblock1_dilation5": Conv(256, 11, padding=25, dilation=5, in_channels=256, out_channels=256),
            "msd_conv5": Conv(512, 41, stride=4, padding=20, groups=16, in_channels=512, out_channels=1024),
        },
        {"up1": "transposed, in one dimension", "msd_conv5": "grouped and strided, in one dimension"},
    ),
    # Video
    *_network(
        "c3d",
        "C3D",
        "Tran, Bourdev, Fergus, Torresani, Paluri: Learning Spatiotemporal Features with 3D Convolutional Networks, "
        "ICCV 2015, arXiv:1412.0767",
        {
            "conv1a": Conv((16, 112, 112), (3, 3, 3), padding=1, in_channels=3, out_channels=64),
            "conv2a": Conv((16, 56, 56), (3, 3, 3), padding=1, in_channels=64, out_channels=128),
            "conv5b": Conv((2, 7, 7), (3, 3, 3), padding=1, in_channels=512, out_channels=512),
        },
    ),
    *_network(
        "i3d",
        "I3D",
        "Carreira, Zisserman: Quo Vadis, Action Recognition? A New Model and the Kinetics Dataset, CVPR 2017, "
        "arXiv:1705.07750; as in google-deepmind/kinetics-i3d",
        {"stem": Conv((64, 224, 224), (7, 7, 7), stride=2, padding="same", in_channels=3, out_channels=64, bias=False)},
        {"stem": _SAME},
    ),
    *_network(
        "r2plus1d",
        "R(2+1)D-18",
        "Tran, Wang, Torresani, Ray, LeCun, Paluri: A Closer Look at Spatiotemporal Convolutions for Action "
        "Recognition, CVPR 2018, arXiv:1711.11248; as in torchvision's r2plus1d_18",
        {
            "stem_space": Conv(
                (16, 112, 112),
                (1, 7, 7),
                stride=(1, 2, 2),
                padding=(0, 3, 3),
                in_channels=3,
                out_channels=45,
                bias=False,
            ),
            "stem_time": Conv((16, 56, 56), (3, 1, 1), padding=(1, 0, 0), in_channels=45, out_channels=64, bias=False),
        },
        {"stem_space": "space only", "stem_time": "time only"},
    ),
    *_network(
        "videomae",
        "VideoMAE (ViT-B)",
        "Tong, Song, Wang, Wang: VideoMAE: Masked Autoencoders are Data-Efficient Learners for Self-Supervised Video "
        "Pre-Training, NeurIPS 2022, arXiv:2203.12602",
        {"cube_embedding": Conv((16, 224, 224), (2, 16, 16), stride=(2, 16, 16), in_channels=3, out_channels=768)},
        {"cube_embedding": "cubes that do not overlap: stride = kernel"},
    ),
)
