"""Which containers are read, and why the others are not; ``python -m`` prints the tables of docs/recordings.md.

Read is what a camera, recorder, phone or encoder writes and what opens no other file. Every further demuxer is code
that reads hostile files, so that formats of games and old animations stay out though they would open nothing else.
A test compares both lists with the demuxers of the installed libav: a new one has to be put into one of them.
"""

import sys
from types import MappingProxyType

ACCEPTED = MappingProxyType(
    {
        "MP4, QuickTime, 3GP, CMAF": "mov mp4 m4a 3gp 3g2 mj2",
        "Matroska, WebM, AVI, Ogg, NUT": "matroska webm avi ogg nut",
        "MPEG programme and transport streams": "mpeg mpegts mpegtsraw mpegvideo pva",
        "Flash, Windows Media, RealMedia, recordings of TV": "flv live_flv kux asf asf_o rm ivr nsv wtv ty nuv",
        "Surveillance cameras and their recorders": "dhav hxvs ifv iv8 luodat mxg nc lmlm4 lvf",
        "Network cameras and webcams": "mjpeg mpjpeg mjpeg_2000 ingenient smjpeg msnwctcp vivo",
        "Cinema, science and broadcast cameras": "mxf gxf lxf dv cine r3d ser simbiosis_imx",
        "Streams without a container": (
            "h261 h263 h264 hevc vvc evc m4v obu av1 ivf avs2 avs3 cavsvideo dirac dnxhd vc1 vc1test apv ipu"
        ),
        "Animations that hold all their frames": "gif apng jpegxl_anim webp_anim",
        "Frames as they are": "yuv4mpegpipe",
    }
)
"""Kind of container → names of its demuxers."""

REFUSED = MappingProxyType(
    {
        "a list that opens other files": (
            "concat dash hls imf mlv webm_dash_manifest vobsub dvdvideo avisynth lavfi sdp rtsp rtp sap"
        ),
        "an image": (
            "image2 image2pipe alias_pix bmp_pipe brender_pix cri_pipe dds_pipe dpx_pipe exr_pipe fits gem_pipe "
            "gif_pipe hdr_pipe ico iff j2k_pipe jpeg_pipe jpegls_pipe jpegxl_pipe jpegxs_pipe msp pam_pipe pbm_pipe "
            "pcx_pipe pfm_pipe pgm_pipe pgmyuv_pipe pgx_pipe phm_pipe photocd_pipe pictor_pipe png_pipe ppm_pipe "
            "psd_pipe qdraw_pipe qoi_pipe sgi_pipe sunrast_pipe svg_pipe tiff_pipe txd vbn_pipe webp_pipe xbm_pipe "
            "xpm_pipe xwd_pipe frm"
        ),
        "text or subtitles": (
            "adf aqtitle ass bin dvbsub dvbtxt ffmetadata idf jacosub lrc mcc microdvd mpl2 mpsub pjs rcwt realtext "
            "sami scc srt stl subviewer subviewer1 sup tedcaptions tty vplayer webvtt xbin"
        ),
        "an audio file": (
            "aa aac aax ac3 ac4 ace acm act adp ads adx aea afc aiff aix alaw alp amr amrnb amrwb apac apc ape apm "
            "aptx aptx_hd ast au avr bfstm binka bit boa bonk brstm caf codec2 codec2raw daud dcstr derf dfpwm dsf "
            "dss dts dtshd ea_cdata eac3 epaf f32be f32le f64be f64le flac fsb fwse g722 g723_1 g726 g726le g728 g729 "
            "genh gsm hca hcom iamf ilbc ircam kvag laf lc3 libgme libopenmpt loas mca mlp mmf mp3 mpc mpc8 msf mtaf "
            "mulaw musx nistsphere nsp oma osq paf pp_bnk pvf qcp qoa redspark rka rsd rso s16be s16le s24be s24le "
            "s32be s32le s337m s8 sbc sbg scd sdns sdr2 sds sdx shn sln sol sox spdif svag svs tak truehd tta u16be "
            "u16le u24be u24le u32be u32le u8 vag vidc voc vpk vqf w64 wady wav wavarc wsaud wsd wv wve xa "
            "xmd xvag xwma argo_asf argo_brp argo_cvg"
        ),
        "a video of a game or an old animation program": (
            "3dostr 4xm anm avs bethsoftvid bfi bink bmv c93 cdg cdxl dfa dsicin dxa ea film_cpk filmstrip flic gdv "
            "hnm idcin ipmovie iss jv mgsts mm mods moflex mtv mv mvi pdv pmp psxstr rl2 roq rpl sga siff smk smush "
            "swf thp tiertexseq tmv usm vividas vmd wc3movie wsvqa xmv yop"
        ),
        "frames without size and rate": "rawvideo bitpacked v210 v210x data",
        "a device": "alsa fbdev kmsgrab openal oss pulse v4l2 video4linux2 x11grab",
    }
)
"""What a file is → names of the demuxers that are not used."""

INPUT_FORMATS = ",".join(name for names in ACCEPTED.values() for name in names.split())
"""Names of the demuxers that may read a raw file, as libav takes them."""


def refused_as(format_name: str) -> str | None:
    """What a file is that has a refused demuxer; None for other demuxers.

    Args:
        format_name: Its container, as libav names it.

    Example:
        >>> refused_as("wav")
        'an audio file'
    """
    names = set(format_name.split(","))
    return next((what for what, refused in REFUSED.items() if names & set(refused.split())), None)


def demuxer_tables() -> str:
    """The tables of docs/recordings.md."""
    lines = ["", "| read | names of the demuxers |", "|---|---|"]
    lines += [f"| {kind} | {_listed(names)} |" for kind, names in ACCEPTED.items()]
    lines += ["", "| refused | names of the demuxers |", "|---|---|"]
    lines += [f"| {what} | {_listed(names)} |" for what, names in REFUSED.items()]
    return "\n".join([*lines, ""])


def _listed(names: str) -> str:
    return ", ".join(f"`{name}`" for name in names.split())


if __name__ == "__main__":
    sys.stdout.write(demuxer_tables())
