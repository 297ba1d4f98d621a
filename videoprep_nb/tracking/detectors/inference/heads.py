"""The heads of ultralytics' networks, brought to one form: boxes, and the scores of some classes.

The heads for masks and poses and those that compare with words find boxes like those for boxes alone. What they have
more is left out, so that nothing is computed that nobody reads: the 79 other classes of COCO alone cost about 5 % of
the time on a CPU. Import it late: it loads torch.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import nn
from ultralytics.nn.modules.head import OBB, Detect, RTDETRDecoder, WorldDetect, YOLOEDetect
from ultralytics.nn.tasks import DetectionModel, WorldModel

_ONE_TO_ONE = "one2one_"
_NEVER = -100.0  # a logit
_PROPOSAL_FLOOR = 0.001  # of ultralytics, for proposals of YOLOE without prompts


class UnfitHeadError(Exception):
    """A head gives no boxes of persons; the text says why."""


def check_head(model: Any) -> None:
    """Raise an ``UnfitHeadError`` unless a network of ultralytics gives upright boxes."""
    head = model.model[-1]
    if not isinstance(head, (Detect, RTDETRDecoder)) or isinstance(head, OBB):
        raise UnfitHeadError(f"it is made for {model.task!r}")


def keep_classes(model: Any, class_count: int, classes: Sequence[int]) -> str:
    """Leave some classes in the head of a network, and no masks, poses or words.

    Args:
        model: A network of ultralytics, in float32; it is changed.
        class_count: How many classes it has.
        classes: Indices of the classes to keep.

    Returns:
        Name of the layout of its output.

    Raises:
        UnfitHeadError: The network cannot be used.
    """
    head = model.model[-1]
    if isinstance(head, RTDETRDecoder):
        _keep_queries(head, classes)
        return "rtdetr"
    is_one_to_one = head.cv2 is None  # it was fused, and the other branch is gone
    _keep_branch(head, is_one_to_one)
    _CLASSIFIERS[_kind(head)](model, head, class_count, list(classes))
    if not isinstance(model, WorldModel):  # whose neck uses words, too
        model.__class__ = DetectionModel
        vars(model).pop("pe", None)  # ultralytics would fuse prompts once more
    head.__class__ = Detect  # its forward gives boxes and scores; those of its subclasses add masks, poses and words
    head.nc = len(classes)
    head.no = 4 * head.reg_max + head.nc
    return "yolo_nms_free" if is_one_to_one else "yolo"


def _kind(head: Detect) -> str:
    if hasattr(head, "lrpc"):
        return "prompt_free"
    if isinstance(head, YOLOEDetect):
        return "yoloe"
    return "world" if isinstance(head, WorldDetect) else "plain"


def _keep_branch(head: Any, is_one_to_one: bool) -> None:
    """Of a head with two branches, keep the one that ultralytics uses, many boxes per person and NMS."""
    for name in [name for name in head._modules if name.startswith(_ONE_TO_ONE)]:
        if is_one_to_one:
            setattr(head, name.removeprefix(_ONE_TO_ONE), getattr(head, name))
        setattr(head, name, None)
    head._end2end = False


def _keep_queries(head: Any, classes: Sequence[int]) -> None:
    """Keep some classes in the decoder; its queries are still chosen among the objects of all classes."""
    _keep_linear_rows(head.dec_score_head, classes)
    head.nc = len(classes)


def _keep_rows(model: Any, head: Any, class_count: int, classes: Sequence[int]) -> None:
    layers = [branch[-1] for branch in head.cv3]
    if any(layer.out_channels != class_count for layer in layers):
        raise UnfitHeadError(f"it has {layers[0].out_channels} outputs for {class_count} classes")
    _keep_linear_rows(layers, classes)
    for layer in layers:
        layer.out_channels = len(classes)


def _keep_linear_rows(layers: Iterable[Any], classes: Sequence[int]) -> None:
    """Cut linear layers or convolutions to some of their outputs."""
    for layer in layers:
        layer.weight = nn.Parameter(layer.weight[classes].detach(), requires_grad=False)
        layer.bias = nn.Parameter(layer.bias[classes].detach(), requires_grad=False)


class _NearWords(nn.Module):  # type: ignore[misc]  # torch comes without types
    """How near the features of each place are to some words."""

    def __init__(self, contrastive: nn.Module, words: torch.Tensor) -> None:
        super().__init__()
        self.contrastive = contrastive
        self.register_buffer("words", words)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = self.contrastive(features, self.words.expand(features.shape[0], -1, -1))
        return scores


def _keep_words(model: Any, head: Any, class_count: int, classes: Sequence[int]) -> None:
    """YOLO-World (Cheng et al., CVPR 2024): the neck uses the words of all classes, the head those kept."""
    words = model.txt_feats.float()
    if words.shape[1] != class_count:
        raise UnfitHeadError(
            f"it has {words.shape[1]} words for {class_count} classes; set_classes() and save it again"
        )
    _add_words(head, words[:, classes])


def _add_words(head: Any, words: torch.Tensor) -> None:
    head.cv3 = nn.ModuleList(
        nn.Sequential(branch, _NearWords(contrastive, words))
        for branch, contrastive in zip(head.cv3, head.cv4, strict=True)
    )


def _keep_prompts(model: Any, head: Any, class_count: int, classes: Sequence[int]) -> None:
    """YOLOE (Wang et al., ICCV 2025) whose classes were set, perhaps fused into its layers."""
    if head.is_fused:
        _keep_rows(model, head, class_count, classes)
        return
    prompts = getattr(model, "pe", None)
    if prompts is None:
        raise UnfitHeadError(
            "its classes are not set, which needs a text encoder from the internet; "
            "set them once with ultralytics: model.set_classes(['person']), then model.save(...)"
        )
    if prompts.shape[1] != class_count:
        raise UnfitHeadError(f"it has {prompts.shape[1]} prompts for {class_count} classes")
    _add_words(head, prompts.detach().clone().float()[:, classes])


class _Proposed(nn.Module):  # type: ignore[misc]
    """Scores of those places that are proposed to hold an object at all."""

    def __init__(self, scores: nn.Conv2d, proposals: nn.Module) -> None:
        super().__init__()
        self.scores, self.proposals = scores, proposals

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        is_proposed = self.proposals(features).sigmoid() > _PROPOSAL_FLOOR
        return torch.where(is_proposed, self.scores(features), torch.full_like(features[:, :1], _NEVER))


def _keep_vocabulary(model: Any, head: Any, class_count: int, classes: Sequence[int]) -> None:
    """YOLOE without prompts: thousands of classes, and proposals that spare most places."""
    head.cv2 = nn.ModuleList(nn.Sequential(*box, part.loc) for box, part in zip(head.cv2, head.lrpc, strict=True))
    scores = [_as_convolution(part.vocab, classes) for part in head.lrpc]
    proposed = [
        _Proposed(score, part.pf) if part.enabled else score for score, part in zip(scores, head.lrpc, strict=True)
    ]
    head.cv3 = nn.ModuleList(nn.Sequential(*branch, last) for branch, last in zip(head.cv3, proposed, strict=True))


def _as_convolution(vocabulary: Any, classes: Sequence[int]) -> nn.Conv2d:
    """The rows of some classes of a linear layer or a convolution over single places."""
    weight = vocabulary.weight.detach().flatten(1)[classes]
    convolution = nn.Conv2d(weight.shape[1], len(classes), 1).requires_grad_(False)
    convolution.weight.data.copy_(weight[..., None, None])
    convolution.bias.data.copy_(vocabulary.bias.detach()[classes])
    return convolution


_CLASSIFIERS: dict[str, Callable[[Any, Any, int, Sequence[int]], None]] = {
    "plain": _keep_rows,
    "world": _keep_words,
    "yoloe": _keep_prompts,
    "prompt_free": _keep_vocabulary,
}
