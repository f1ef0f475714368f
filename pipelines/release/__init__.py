"""What leaves the building: the gate, releases and their manifests, verification."""
