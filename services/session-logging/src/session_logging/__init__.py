"""Sessions of every modality, their notes and signatures, groups and mutual-aid attendance."""
