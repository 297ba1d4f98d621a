"""What detectors with a neural network are made of: weights, device, input, engines, output. Import its modules late.

Most of them load cv2, torch or OpenVINO, which programs that only list the detectors do without.
"""
