"""What comes with Isthmus about places: the regions of both clouds, the countries, and policies to begin with."""
