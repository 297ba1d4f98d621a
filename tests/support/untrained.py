"""Networks of ultralytics, untrained, from their YAML: with scores that let some hundreds of boxes pass."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.bench_tracking import whole_torchvision
from videoprep_nb.core.boxes import clip_to_frame, iou_matrix
from videoprep_nb.tracking.detections import DETECTION_FLOOR, FrameDetections
from videoprep_nb.tracking.detectors import RgbFrame
from videoprep_nb.tracking.detectors.inference.output import MAX_BOXES
from videoprep_nb.tracking.ultralytics_env import offline_ultralytics

PERSON = 1  # index of the class
NAMES = {0: "bus", PERSON: "person", 2: "dog"}  # of networks that are given words
SHARE = 0.2  # of the candidates that pass
_FLOOR_LOGIT = math.log(DETECTION_FLOOR / (1 - DETECTION_FLOOR))


def untrained(yaml_name: str, frame: RgbFrame, path: Path) -> Path:
    """Build a network, make persons its strongest class, and save it as weights.

    Args:
        yaml_name: Such as ``yolo26n-p2.yaml``; ``yoloe-11s.yaml/prompt-free`` for one without prompts.
        frame: ``(h, w, 3)`` uint8 RGB, on which the scores are measured.
        path: The ``.pt`` file to write.

    Returns:
        The path.
    """
    yaml_name, _, variant = yaml_name.partition("/")
    torch.manual_seed(0)
    with offline_ultralytics(), torch.no_grad():
        yolo = _built(yaml_name)
        model = yolo.model.eval()
        image = torch.from_numpy(np.ascontiguousarray(frame[: len(frame) // 64 * 64, : frame.shape[1] // 64 * 64]))
        images = image.permute(2, 0, 1)[None] / 255
        _normalize(model, images)
        head = model.model[-1]
        if variant == "prompt-free":
            other = _built(yaml_name)
            _normalize(other.model.eval(), images)
            _remove_prompts(yolo, other)
        elif "yoloe" in yaml_name:
            model.pe = nn.functional.normalize(_words(head.embed), dim=-1)
            head.nc = len(NAMES)
        elif "world" in yaml_name:
            model.txt_feats = _words(512)
            head.nc = len(NAMES)
        model.names = _names(head.nc)
        for layers in _score_layers(head):
            _spread(layers, model, images)
        if hasattr(head, "proto"):
            _fill_masks(head)
        if variant == "fused":
            head.end2end = True
            model.fuse(verbose=False)
        # ultralytics would save it in half precision, in which the scores of untrained networks drown
        torch.save({"model": model, "train_args": {}}, path)
    return path


def predicted(path: Path, frame: RgbFrame, **options: Any) -> FrameDetections:
    """The persons that ultralytics itself finds with ``.pt`` weights; ``options`` are those of its ``predict``."""
    usual = {"imgsz": 640, "conf": DETECTION_FLOOR, "iou": 0.7, "max_det": MAX_BOXES, "device": "cpu", "verbose": False}
    with offline_ultralytics(), whole_torchvision():
        from ultralytics import YOLO

        yolo = YOLO(path)
        person = list(yolo.names.values()).index("person")
        boxes = yolo.predict(frame[..., ::-1].copy(), classes=[person], **usual | options)[0].boxes
    xyxy = clip_to_frame(boxes.xyxy.numpy(), frame.shape[1], frame.shape[0])
    has_area = (xyxy[:, 2:] > xyxy[:, :2]).all(axis=1)  # ultralytics keeps those that lie in the bars, as lines
    return FrameDetections(xyxy[has_area], boxes.conf.numpy()[has_area])


def assert_same(found: FrameDetections, expected: FrameDetections) -> None:
    """As many boxes, each with a partner at an IoU of 0.99 whose score differs by at most 0.001."""
    assert len(found) == len(expected) > 20
    iou = iou_matrix(expected.boxes_xyxy.astype(np.float64), found.boxes_xyxy.astype(np.float64))
    differs = np.abs(expected.scores[:, None] - found.scores) > 1e-3
    assert np.where(differs, 0, iou).max(axis=1).min() >= 0.99


def _built(yaml_name: str) -> Any:
    from ultralytics import RTDETR, YOLO

    return (RTDETR if "rtdetr" in yaml_name else YOLO)(yaml_name)


def _normalize(model: Any, images: torch.Tensor) -> None:
    """Let every layer see what trained ones see: numbers around zero that differ from place to place."""
    layers = [layer for layer in model.modules() if isinstance(layer, nn.BatchNorm2d)]
    for layer in layers:
        layer.train()
        layer.momentum = 1.0
    model(images)
    for layer in layers:
        layer.eval()


def _names(count: int) -> dict[int, str]:
    return {index: "person" if index == PERSON or count == 1 else f"class {index}" for index in range(count)}


def _words(length: int) -> torch.Tensor:
    """Of the person, and of two classes that are its opposite: what is like a person is not like them."""
    person = torch.randn(length)
    return torch.stack([-person, person, -person])[None]


def _remove_prompts(yolo: Any, other: Any) -> None:
    """Make a YOLOE one without prompts, of two networks of one YAML, as ultralytics makes it."""
    source = other.model
    source.set_classes(list(NAMES.values()), nn.functional.normalize(_words(source.model[-1].embed), dim=-1))
    source.model[-1].fuse(source.pe)
    vocabulary = nn.ModuleList(branch[-1] for branch in source.model[-1].cv3)
    yolo.model.set_classes(["object"], nn.functional.normalize(torch.randn(1, 1, source.model[-1].embed), dim=-1))
    yolo.model.model[-1].fuse(yolo.model.pe)
    yolo.model.args = {"imgsz": 640}
    yolo.model.set_vocab(vocabulary, list(NAMES.values()))
    yolo.model.model[-1].nc = len(NAMES)


def _score_layers(head: Any) -> list[list[nn.Module]]:
    """The layers, one per grid, that give the scores of the classes, for each branch of a head."""
    if hasattr(head, "dec_score_head"):
        return [list(head.dec_score_head)[-1:]]
    if hasattr(head, "lrpc"):
        return [[part.pf for part in head.lrpc if part.enabled], [part.vocab for part in head.lrpc]]
    name = "cv4" if hasattr(head, "embed") or type(head).__name__ == "WorldDetect" else "cv3"
    branches = [getattr(head, f"{prefix}{name}", None) for prefix in ("", "one2one_")]
    return [[part if name == "cv4" else part[-1] for part in branch] for branch in branches if branch is not None]


def _spread(layers: list[nn.Module], model: Any, image: torch.Tensor) -> None:
    """Give the scores of persons a standard deviation of one logit, and let a share of them pass."""
    caught: list[torch.Tensor] = []
    hooks = [layer.register_forward_hook(lambda _layer, _inputs, output: caught.append(output)) for layer in layers]
    model(image)
    for hook in hooks:
        hook.remove()
    for layer, output in zip(layers, caught, strict=True):
        is_linear = isinstance(layer, nn.Linear)
        classes = output.shape[-1] if is_linear else output.shape[1]
        person = PERSON if classes > 1 else 0
        logits = (output[..., person] if is_linear else output[:, person]).flatten()
        if hasattr(layer, "logit_scale"):
            factor = 1 / (logits - layer.bias).std()
            layer.logit_scale += factor.log()
            layer.bias[:] = _FLOOR_LOGIT - ((logits - layer.bias) * factor).quantile(1 - SHARE)
        else:
            factor = 1 / logits.std().clamp(min=1e-6)
            layer.weight[person] *= factor
            layer.bias[person] = _FLOOR_LOGIT - ((logits - layer.bias[person]) * factor).quantile(1 - SHARE)


def _fill_masks(head: Any) -> None:
    """Let every box have a mask, since ultralytics leaves out boxes without."""
    for name in ("cv4", "one2one_cv4", "cv5", "one2one_cv5"):
        for branch in getattr(head, name, None) or []:
            if isinstance(branch, nn.Sequential):
                branch[-1].weight.zero_()
                branch[-1].bias.fill_(1)
    head.proto.cv3.bn.bias.fill_(10)
