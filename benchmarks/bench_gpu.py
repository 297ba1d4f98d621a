"""Stage 4 on a GPU against its bare network there; skipped where there is none.

Run as ``python benchmarks/bench_gpu.py``; prints one JSON object.
"""

import json
import shutil
import statistics
import tempfile
from pathlib import Path

import torch

from benchmarks.bench_tracking import IMAGE_SIZE, Speed, make_clips, no_progress, timed
from videoprep_nb.media.frames import read_frames_at
from videoprep_nb.stages.track_persons.params import TrackPersonsParams
from videoprep_nb.stages.track_persons.stage import track_persons
from videoprep_nb.tracking.detectors.inference.batch_size import MAX_BATCH_FRAMES
from videoprep_nb.tracking.detectors.inference.device_letterbox import draw_batch
from videoprep_nb.tracking.detectors.inference.letterbox import Letterbox
from videoprep_nb.tracking.detectors.inference.person_network import load_person_model
from videoprep_nb.tracking.detectors.inference.weights import resolve_weights
from videoprep_nb.tracking.ultralytics_env import offline_ultralytics

ROUNDS = 5
DEVICE = "cuda"


def stage_speed(folder: Path, appearance: str, frame_count: int) -> Speed:
    """The whole stage: clips in, tracking JSON out, nothing cached, network loaded anew."""
    shutil.rmtree(folder / "detections", ignore_errors=True)
    folders = {name: str(folder / name.removesuffix("_dir")) for name in ("clips_dir", "output_dir", "detections_dir")}
    values = {"image_size": IMAGE_SIZE, "device": DEVICE, "appearance": appearance}
    params = TrackPersonsParams.checked(folders | values)
    return timed(frame_count, lambda: track_persons(params, no_progress))


def network_speed(video: Path, device: str, dtype: torch.dtype, frame_count: int) -> Speed:
    """The network alone, with batches that lie in the memory of the device already."""
    with offline_ultralytics():
        model = load_person_model(resolve_weights("yolov8n")).yolo.model
    model = model.fuse(verbose=False).to(device, dtype, memory_format=torch.channels_last).eval()
    frames = [frame for _, frame in read_frames_at(video, range(MAX_BATCH_FRAMES))]
    height, width = frames[0].shape[:2]
    inputs = draw_batch(frames, Letterbox.fit(width, height, IMAGE_SIZE), device).permute(0, 3, 1, 2).to(dtype) / 255
    rounds = max(1, frame_count // MAX_BATCH_FRAMES)

    def run() -> None:
        with torch.inference_mode():
            for _ in range(rounds):
                outputs = model(inputs)[0]
            outputs.cpu()  # which waits for all of them

    run()
    return timed(rounds * MAX_BATCH_FRAMES, run)


def measure() -> dict[str, object]:
    """Alternate stage and network; medians of the rounds."""
    name = "track persons on a GPU against the bare network in half precision, batches of 32"
    if not torch.cuda.is_available():
        return {"name": name, "skipped": "no GPU"}
    speeds: dict[str, list[Speed]] = {"stage": [], "stage_without_appearance": [], "network": []}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        frame_count = make_clips(folder).source_frame_count
        for _ in range(ROUNDS):
            speeds["network"].append(network_speed(folder / "1.mp4", DEVICE, torch.float16, frame_count))
            speeds["stage"].append(stage_speed(folder, "auto", frame_count))
            speeds["stage_without_appearance"].append(stage_speed(folder, "off", frame_count))
    fps = {what: statistics.median(speed.fps for speed in values) for what, values in speeds.items()}
    return {
        "name": name,
        "device": torch.cuda.get_device_name(),
        "ratios": {what: round(fps[what] / fps["network"], 4) for what in ("stage", "stage_without_appearance")},
        "fps": {what: round(value, 1) for what, value in fps.items()},
        "fps_of_rounds": {what: [round(speed.fps, 1) for speed in values] for what, values in speeds.items()},
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
