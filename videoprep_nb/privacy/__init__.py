"""Faces, persons and regions of frames are made unrecognizable; nothing here knows a stage.

``face_detector`` finds faces, ``follow`` follows them along the tracks, ``polygons`` reads what else is hidden,
``plan`` says what is hidden in which frame, and ``cover`` and ``jpeg`` hide it.
"""
