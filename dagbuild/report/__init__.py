"""Turn events and plans into text and pictures. Changes nothing and decides nothing."""
