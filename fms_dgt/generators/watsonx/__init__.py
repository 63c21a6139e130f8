"""IBM watsonx, in the cloud and on Cloud Pak for Data."""
