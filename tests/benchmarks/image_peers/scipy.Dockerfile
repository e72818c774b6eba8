# What scipy-notebook of jupyter/docker-stacks has for science, by pip, upon the same Jupyter as ours. It has a compiler,
# LaTeX and ffmpeg from its distribution too, which are left out.
ARG JUPYTER_IMAGE
FROM ${JUPYTER_IMAGE}
RUN /opt/jupyter/bin/pip install --no-cache-dir altair beautifulsoup4 bokeh bottleneck cloudpickle cython dask dill \
      h5py ipympl ipywidgets jupyterlab-git matplotlib numba numexpr openpyxl pandas patsy protobuf scikit-image \
      scikit-learn scipy seaborn sqlalchemy statsmodels sympy tables widgetsnbextension xlrd
RUN useradd --uid 1000 --gid 100 --create-home jovyan
USER 1000:100
WORKDIR /home/jovyan
