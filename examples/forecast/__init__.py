"""Forecast the daily departures of New York's three airports, from every flight of 2013."""
