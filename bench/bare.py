"""The smallest typer app: what `--help` costs before the first line of ours."""

import typer

app = typer.Typer()


@app.command()
def hello(name: str = "you") -> None:
    """Greet somebody."""
    typer.echo(f"Hello, {name}")


if __name__ == "__main__":
    app()
