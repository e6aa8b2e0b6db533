"""Loans, with who owns what and what is private told by tags."""

import pandas as pd
from hamilton.function_modifiers import extract_columns, parameterize, source, tag, tag_outputs


@tag(source="bank", importance="production", owner=["data", "risk"])
@extract_columns("name", "income", "loan")
def applicants(rows: int) -> pd.DataFrame:
    """All that have asked."""
    return pd.DataFrame(
        {
            "name": [f"p{n}" for n in range(rows)],
            "income": [100.0 * (n + 1) for n in range(rows)],
            "loan": 50.0,
        }
    )


@tag(PII="true")
def initials(name: pd.Series) -> pd.Series:
    return name.str[0]


@tag_outputs(income_scaled={"owner": "risk", "PII": "true"}, loan_scaled={"owner": "sales"})
@parameterize(income_scaled={"of": source("income")}, loan_scaled={"of": source("loan")})
def scaled(of: pd.Series) -> pd.Series:
    """{of} in hundreds."""
    return of / 100


@tag(**{"team.unit": "risk", "owner": "risk"})
def burden(loan_scaled: pd.Series, income_scaled: pd.Series) -> pd.Series:
    return loan_scaled / income_scaled


@tag(target_="accepted", artifact="decision", owner="risk")
def accepted(burden: pd.Series, limit: float = 0.3) -> int:
    return int((burden < limit).sum())


def letter(accepted: int, initials: pd.Series) -> str:
    """What is sent."""
    return f"{accepted} of {len(initials)}"
