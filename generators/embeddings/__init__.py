"""Mean embeddings of images: what is summed over the images of each label, exactly or with noise, and how images are
drawn from it.
"""
