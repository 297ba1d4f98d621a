"""Export formats, one file each; ``videoprep_nb.exports.registry`` finds them."""
