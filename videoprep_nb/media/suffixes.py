"""What people name files of the containers that ``media.demuxers`` accepts."""

_FORMATS = (
    "3g2 3gp asf avi avs2 cine dav drc dv evc f4v flv gxf h261 h263 h264 h265 h266 hevc ifv insv ivf ivr kux lrv lxf "
    "m1v m2t m2ts m2v m4v mjpeg mjpg mkv mod mov mp4 mpe mpeg mpg mpv mts mxf mxg nsv nut nuv obu ogm ogv pva qt r3d "
    "rm rmvb ser tod trp ts ty vc1 viv vob vvc webm wmv wtv y4m"
)
VIDEO_SUFFIXES = frozenset(f".{name}" for name in _FORMATS.split())
"""By which the videos in a folder are known; the content of a file decides whether it can be processed."""
