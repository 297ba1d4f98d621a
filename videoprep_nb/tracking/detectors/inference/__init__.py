"""What detectors with a neural network are made of: weights, device, input, engines, output. Import its modules late.

Most of them load cv2, torch or OpenVINO, which programs that only list the detectors do without.
"""

import sys

# OpenVINO and NNCF do without it. It would report each import and export to a server, and write to ~/intel.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
