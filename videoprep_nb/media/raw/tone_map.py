"""From wide gamut and high dynamic range to the colours of BT.709, as a table for the filter ``lut3d``.

The light that the source asks a screen to show is calculated, relative to white: 203 cd/m² in high dynamic range, as
ITU-R BT.2408 recommends. Light up to 80 % of white stays as it is; a shoulder brings everything above below white. The
screen of the standard video has the gamma of BT.1886, 2.4.
"""

from functools import cache

import numpy as np
import numpy.typing as npt

_SIZE = 65
_WHITE_CD_M2 = 203.0
_HLG_PEAK_CD_M2 = 1000.0
_HLG_GAMMA = 1.2
_GAMMA = 2.4
_SHOULDER = 0.8

_BT709_LUMA = np.array([0.2126, 0.7152, 0.0722])
_TO_BT709 = {
    None: np.eye(3),
    "BT.2020": np.array(
        [[1.660491, -0.587641, -0.072850], [-0.124550, 1.132900, -0.008349], [-0.018151, -0.100579, 1.118730]]
    ),
    "P3": np.array([[1.224940, -0.224940, 0], [-0.042057, 1.042057, 0], [-0.019638, -0.078636, 1.098274]]),
}
"""Primaries → matrix for light; the white of all is D65."""

Light = npt.NDArray[np.float64]


@cache
def bt709_table(hdr: str | None, gamut: str | None) -> str:
    """The table for colours of wide gamut or high dynamic range.

    Args:
        hdr: Transfer function of high dynamic range, PQ or HLG; None for the usual range.
        gamut: Their primaries, BT.2020 or P3; None for those of BT.709.

    Returns:
        The text of a ``.cube`` file.
    """
    steps = np.linspace(0, 1, _SIZE)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")  # red changes fastest
    colours = to_bt709(np.stack([red, green, blue], axis=-1).reshape(-1, 3), hdr, gamut)
    rows = ("%.4f %.4f %.4f\n" * len(colours)) % tuple(colours.ravel().tolist())
    return f"LUT_3D_SIZE {_SIZE}\n{rows}"


def to_bt709(colours: Light, hdr: str | None, gamut: str | None) -> Light:
    """Convert colours.

    Args:
        colours: ``(N, 3)`` float64 from 0 to 1, non-linear RGB.
        hdr: As for ``bt709_table``.
        gamut: Likewise.

    Returns:
        ``(N, 3)`` float64 from 0 to 1, non-linear RGB of BT.709.
    """
    transfers = {None: lambda signal: signal**_GAMMA, "PQ": _light_of_pq, "HLG": _light_of_hlg}
    light = _in_gamut(transfers[hdr](colours) @ _TO_BT709[gamut].T)
    bright: Light = _below_white(light) ** (1 / _GAMMA)
    return bright


def _light_of_pq(signal: Light) -> Light:
    """Light of SMPTE ST 2084, relative to white."""
    root = signal ** (32 / 2523)
    light: Light = (np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)) ** (8192 / 1305)
    return light * 10_000 / _WHITE_CD_M2


def _light_of_hlg(signal: Light) -> Light:
    """Light of ITU-R BT.2100 HLG on a screen of 1,000 cd/m², relative to white.

    The gamma of the system is applied to each channel, as screens of standard range and zimg do: saturated colours come
    out as a camera of standard range shows them.
    """
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    light: Light = scene**_HLG_GAMMA
    return light * _HLG_PEAK_CD_M2 / _WHITE_CD_M2


def _in_gamut(light: Light) -> Light:
    """Colours that BT.709 cannot show become as pale as needed; their brightness stays."""
    luma = (light @ _BT709_LUMA)[:, None]
    lowest = light.min(axis=1, keepdims=True)
    saturation = np.where(lowest < 0, luma / np.maximum(luma - lowest, 1e-12), 1.0)
    inside: Light = np.maximum(luma + saturation * (light - luma), 0)
    return inside


def _below_white(light: Light) -> Light:
    brightest = light.max(axis=1, keepdims=True)
    above = np.maximum(brightest, _SHOULDER)
    compressed = 1 - (1 - _SHOULDER) ** 2 / (above + 1 - 2 * _SHOULDER)
    return light * np.where(brightest > _SHOULDER, compressed / above, 1.0)
