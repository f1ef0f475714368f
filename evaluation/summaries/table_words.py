"""What each metric of a table means."""

CHANCE = "What as many real rows would lose by chance is taken off: 100 % means that nothing is lost beyond it."

TABLES = {  # heading, what it measures, what to keep in mind
    "fidelity.worst_column": (
        "Worst column",
        "How alike the values of the column are that differs most; one wrong column hardly moves the mean of all.",
        CHANCE,
    ),
    "fidelity.label_shares": (
        "Shares of labels",
        "Whether each label, and all rare ones of a column together, stand in as many rows as among real ones, of "
        "those whose share changed most.",
        CHANCE,
    ),
    "fidelity.shape": (
        "Single columns",
        "How alike the distribution of each column is, averaged over columns.",
        "Shuffling columns does not change it, so its floor is high by construction.",
    ),
    "fidelity.trend": ("Pairs of columns", "How alike the relation between two columns is, averaged over pairs.", ""),
    "fidelity.dependence": (
        "Weakest pair of columns",
        "How much remains of what two or three columns, or one and all others, have to do with each other.",
        CHANCE,
    ),
    "fidelity.decided": (
        "What others decide",
        "How much remains of what other columns nearly decide: a label, whether a number is missing or 0, and with how "
        "many decimals it is written.",
        CHANCE,
    ),
    "fidelity.functions": (
        "Numbers that follow",
        "Share of synthetic rows in which a number is what other columns tell nearly exactly in real ones, of the one "
        "that is off most: a fee that stops at an end, a price by zone and weight.",
        CHANCE,
    ),
    "fidelity.within_entities": (
        "Rows of one entity",
        "Whether two rows of one person or thing have as much in common as those of a real one, in the column that "
        "changed most: the time of a visit, the day of birth, values that lie near each other.",
        CHANCE,
    ),
    "fidelity.within_spread": (
        "Spread within an entity",
        "Whether numbers and times of one person, visit or session lie as far apart as those of a real one, in the "
        "column that changed most: clicks of a session within minutes, not days.",
        CHANCE,
    ),
    "fidelity.mutual_information": (
        "Shared information",
        "How alike the information is that one column gives about another, averaged over "
        "pairs; it sees relations that are not straight lines.",
        "",
    ),
    "fidelity.detection": (
        "Detection by boosted trees",
        "100 % means that a strong classifier cannot tell synthetic from real rows that were not trained on; "
        "0 % means that it always can.",
        "",
    ),
    "fidelity.detection_logistic": (
        "Detection by logistic regression",
        "The same with a simple classifier: an easier test to pass.",
        "",
    ),
    "fidelity.alpha_precision": (
        "Typical and odd rows",
        "Whether synthetic rows are as typical, and as odd, as real ones.",
        "It does not see which rows are missing: compare with recall below.",
    ),
    "fidelity.query_error": (
        "Error of counts",
        "By how much the share of rows that meet two or three conditions is off, on average.",
        "",
    ),
    "fidelity.missingness": (
        "Missing values",
        "Whether as many values are missing as in real rows, and of the same rows, in the column that differs most.",
        CHANCE,
    ),
    "fidelity.missing_ties": (
        "Where values are missing",
        "Whether what decides in real rows that a value is missing does so here, and nothing else, in the worst pair.",
        CHANCE,
    ),
    "fidelity.validity": (
        "Possible values",
        "Whether numbers stay within the real range, and labels are ones that real rows have, in the worst column.",
        CHANCE,
    ),
    "fidelity.granularity": (
        "Roundness and variety",
        "Whether numbers are as round, and as varied, as real ones, in the column that differs most.",
        CHANCE,
    ),
    "fidelity.tails": (
        "Small and large numbers",
        "How many of the rows beyond the outer 1, 2.5 and 5 % of real values remain, in the column that has lost most.",
        CHANCE,
    ),
    "fidelity.date_order": (
        "Dates in order",
        "Share of synthetic rows in which no date lies after one that it never lies after in the training rows, "
        "in the worst pair of dates.",
        CHANCE,
    ),
    "fidelity.orders": (
        "Orders, sums, products",
        "Share of synthetic rows that keep an order, an equality, a sum or a product which 99 % of the training "
        "rows keep, of the one broken most.",
        CHANCE,
    ),
    "fidelity.proportions": (
        "Proportions",
        "Share of synthetic rows in which the ratio of two numbers, or the difference of two dates, is one which "
        "99 % of the training rows have, in the worst pair.",
        CHANCE,
    ),
    "fidelity.over_time": (
        "Over time",
        "How much remains of what rises, falls or comes back over a date, in the column that has lost most.",
        CHANCE,
    ),
    "fidelity.constraints": (
        "Rules kept",
        "Share of synthetic rows that keep the rule broken most, of those found in the training rows: orders between "
        "numbers, labels or few numbers that decide others; what chance explains is taken off.",
        "Rules are found by looking, not given by anyone who knows the subject.",
    ),
    "fidelity.formats": (
        "Formats",
        "Share of values in their column's own form, in the worst column: decimals, dates, patterns of identifiers.",
        CHANCE,
    ),
    "utility.worst": (
        "Prediction in the worst class or subgroup",
        "How far models trained on synthetic rows tell a class from the others on unseen real rows, compared with "
        "models of real rows, where they lose most.",
        CHANCE,
    ),
    "utility.target": (
        "Prediction of the target",
        "Quality on unseen real rows of models trained on synthetic rows, divided by "
        "that of the same models trained on real rows.",
        "",
    ),
    "utility.agreement": (
        "Labels that fit their rows",
        "How much of what models of real rows say about the target of other real rows is true of synthetic rows "
        "too, in the class that has lost most.",
        CHANCE,
    ),
    "utility.labels": (
        "Right labels",
        "Share of the labels of the target that may be right: by models of real rows, how many were exchanged between "
        "rows, or lost by the class that has lost most to others.",
        CHANCE,
    ),
    "utility.label_columns": (
        "Right labels in every column",
        "Share of the labels of a column that may be right: by models of real rows, how many were exchanged between "
        "rows, in the column of labels that has lost most.",
        CHANCE,
    ),
    "utility.agreement_subgroups": (
        "Labels that fit their rows, by subgroup",
        "The same, and the share of right labels, in the worst subgroup: the rows of one label or eighth of a number.",
        CHANCE,
    ),
    "diversity.coverage": (
        "Coverage",
        "Share of training rows that have a synthetic row in their neighbourhood; two honest samples of "
        "one population reach about 97 %.",
        "",
    ),
    "diversity.subgroups": (
        "Weakest subgroup",
        "Whether the rows of each class, frequent label and range of numbers have synthetic rows of their own around "
        "them, in the subgroup that has lost most.",
        CHANCE,
    ),
    "diversity.regions": (
        "Weakest region",
        "Whether the rows that share a part of two columns (the upper third of one, a frequent label of another) are "
        "as many as real ones, in the pair that differs most.",
        CHANCE,
    ),
    "diversity.beta_recall": (
        "Recall by depth",
        "Whether training rows are reached from the dense as well as the thin parts of the synthetic table.",
        "",
    ),
    "diversity.vendi": (
        "Effective number of rows",
        "How many different rows the synthetic table is worth, relative to training rows.",
        "More than the ceiling is noise, not variety.",
    ),
    "diversity.support": (
        "Different rows it can make",
        "How many different rows the generator seems able to make, relative to training "
        "rows, judged by how many rows have a twin.",
        "A rough number: read its interval.",
    ),
    "diversity.repeats": (
        "Repeated rows",
        "Share of synthetic rows that neither equal another synthetic row nor lie nearer to one than real rows do "
        "to each other.",
        CHANCE,
    ),
    "diversity.distinct": ("Distinct rows", "Share of synthetic rows that remain when repeats are removed.", ""),
    "diversity.rare": ("Rare categories", "How much of the share of rare categories survives.", ""),
    "diversity.modes": (
        "Groups of rows",
        "Share of the groups found among the training rows that are neither lost nor over-filled.",
        "",
    ),
    "privacy.epsilon": (
        "Privacy budget spent",
        "The epsilon of the guarantee of differential privacy; smaller is more private.",
        "It holds whatever is tried, for every row that was trained on.",
    ),
    "privacy.copies": (
        "Exact copies",
        "Share of synthetic rows identical to a training row.",
        "The ceiling is the share of holdout rows that match a training row by chance.",
    ),
    "privacy.identifiers": (
        "Real identifiers",
        "Share of released identifying values (numbers of customers, codes) that are real ones; none may be.",
        "",
    ),
    "privacy.near_copies": (
        "Near copies",
        "Share of synthetic rows that have as many surprising values in common with one training row, exactly or "
        "nearly, as only 1 % of real rows have with another.",
        "",
    ),
    "privacy.rare_values": (
        "Rare values",
        "Share of rare labels, numbers that name somebody and extremes that one training row alone has and that stand "
        "in the release, or of training rows that alone share a part of a text or a combination of labels with it.",
        "The ceiling is what chance has: other people may have a rare value too.",
    ),
    "privacy.nearest_record": (
        "Nearer to training rows",
        "Share of synthetic rows nearer to a training row than to a holdout row; 50 % is ideal.",
        "A sanity check only: data that give away outliers can pass it.",
    ),
    "privacy.membership": (
        "Membership attack, all rows",
        "Share of training rows that the strongest attack recognises while it wrongly "
        "accuses 1 % of non-members; guessing reaches 1 %.",
        "",
    ),
    "privacy.membership_vulnerable": (
        "Membership attack, most isolated rows",
        "The same for the tenth of rows farthest from all others: the people an average hides.",
        "",
    ),
    "privacy.membership_low_fpr": (
        "Membership attack, without a false alarm",
        "Share of training rows that the strongest attack is surer of than of any non-member.",
        "Of n non-members in each half, guessing reaches 1 / (n + 1).",
    ),
    "privacy.membership_broad": (
        "Membership attack, many false alarms",
        "Share of training rows that the strongest attack recognises while it wrongly accuses 10 % of non-members; "
        "guessing reaches 10 %.",
        "It sees what tells a little of everybody.",
    ),
    "privacy.membership_model": (
        "Membership attack by whoever holds the model",
        "Share of training rows that are recognised by the "
        "model's loss while 1 % of non-members are wrongly accused; guessing reaches 1 %.",
        "It decides whether the model may leave: who has the released rows alone cannot attack like this.",
    ),
    "privacy.attribute": (
        "Guessing one value",
        "How much more often the synthetic rows give away one value of a training person than of a "
        "non-member, when all other values are known.",
        "",
    ),
    "privacy.singling_out": (
        "Singling out",
        "How much more often a description made from synthetic rows fits exactly one training person "
        "than exactly one non-member.",
        "As many training rows as holdout rows are looked at.",
    ),
    "privacy.linkability": (
        "Linking",
        "How much more often the synthetic rows join two halves of a training person's record than of a non-member's.",
        "",
    ),
}
