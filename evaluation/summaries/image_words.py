"""What each metric of images means."""

IMAGE_CHANCE = "What as many real images would lose by chance is taken off: 100 % means that nothing is lost beyond it."

IMAGES = {  # section of the report, heading, what it measures, what to keep in mind
    "image.frechet": (
        "fidelity",
        "Frechet distance",
        "How far the features of synthetic images lie from those of training images, as two "
        "normal distributions; 0 is the same.",
        "Compare it with the ceiling: few images alone put real ones apart.",
    ),
    "image.kernel": (
        "fidelity",
        "Kernel distance",
        "The same without assuming normal distributions, and fair to few images; about 0 for two honest samples.",
        "",
    ),
    "image.precision": ("fidelity", "Precision", "Share of synthetic images that lie where training images lie.", ""),
    "image.density": (
        "fidelity",
        "Density",
        "How many training images a synthetic one has around it, relative to real ones.",
        "",
    ),
    "image.accuracy": (
        "utility",
        "Network trained on synthetic images",
        "Its accuracy on real images it has not seen; the ceiling is the same network trained on as many real ones.",
        "",
    ),
    "image.agreement": (
        "utility",
        "Labels",
        "Share of synthetic images whose label a network trained on real images gives them too.",
        "",
    ),
    "image.class_agreement": (
        "utility",
        "Labels of the worst class",
        "Share of synthetic images whose label fits them, in the class that has lost most, by a judge of real ones.",
        IMAGE_CHANCE,
    ),
    "image.class_accuracy": (
        "utility",
        "Network trained on synthetic images, worst class",
        "Share of holdout images that it tells right, in the class that has lost most beside one trained on real ones.",
        IMAGE_CHANCE,
    ),
    "image.class_coverage": (
        "diversity",
        "Weakest class",
        "Whether each class has its share of the images, and real images of it a synthetic one near them.",
        IMAGE_CHANCE,
    ),
    "image.distinct": (
        "diversity",
        "Distinct images",
        "Share of synthetic images without another one of their class too like them, however moved, mirrored or lit, "
        "in the worst class.",
        IMAGE_CHANCE,
    ),
    "image.recall": ("diversity", "Recall", "Share of training images that lie where synthetic images lie.", ""),
    "image.coverage": (
        "diversity",
        "Coverage",
        "Share of training images that have a synthetic image in their neighbourhood; two honest "
        "samples reach about 97 %.",
        "",
    ),
    "image.vendi": (
        "diversity",
        "Effective number of images",
        "How many different images the synthetic ones are worth, relative to training images.",
        "More than the ceiling is noise, not variety.",
    ),
    "image.equal": (
        "privacy",
        "Exact copies",
        "Share of synthetic images equal to a training or holdout image in every pixel, as it is or moved, mirrored, "
        "turned or inverted.",
        "The ceiling is the share of holdout images equal to a training image.",
    ),
    "image.copies": (
        "privacy",
        "Copies",
        "Share of synthetic images that show one training image again: far nearer to it than to the fifty next to it, "
        "however moved, turned, mirrored, tilted, cropped or lit.",
        "Of images that copied nobody, one in a hundred looks so. The rule also counts images of which a part does.",
    ),
    "image.copies_of_holdout": (
        "privacy",
        "Copies of holdout images",
        "The same among the images that the generator never saw, and that the release must know as little.",
        "",
    ),
    "image.authenticity": (
        "privacy",
        "Authenticity",
        "Share of synthetic images farther from their nearest training image than that "
        "one is from its own; real images reach about half.",
        "A sanity check only.",
    ),
    "image.membership": (
        "privacy",
        "Membership attack, all images",
        "Share of training images that the strongest attack recognises while "
        "it wrongly accuses 1 % of non-members; guessing reaches 1 %.",
        "",
    ),
    "image.membership_vulnerable": (
        "privacy",
        "Membership attack, most isolated images",
        "The same for the tenth of images farthest from all others.",
        "",
    ),
    "image.membership_low_fpr": (
        "privacy",
        "Membership attack, without a false alarm",
        "Share of training images that the strongest attack is surer of than of any non-member.",
        "",
    ),
    "image.membership_model": (
        "privacy",
        "Membership attack by whoever holds the model",
        "Share of training images that are recognised by "
        "the model's loss while 1 % of non-members are wrongly accused; guessing reaches 1 %.",
        "It decides whether the model may leave: who has the released images alone cannot attack like this.",
    ),
}
