"""The dashboard: what is shown, checked and remembered, in plain functions; `page` alone knows Streamlit."""
