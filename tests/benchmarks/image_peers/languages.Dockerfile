# The one with scipy-notebook's packages, with R and its kernel and Octave besides, from Debian.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
USER root
RUN apt-get update \
    && apt-get install --yes --no-install-recommends octave r-base r-cran-irkernel \
    && rm -rf /var/lib/apt/lists/*
USER 1000:100
