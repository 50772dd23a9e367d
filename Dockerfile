# docker build -t reread . && docker run --rm -p 8000:8000 reread
FROM python:3.11-slim AS base
RUN apt-get update && apt-get install -y --no-install-recommends git make && rm -rf /var/lib/apt/lists/*

FROM base
WORKDIR /reread
COPY . .
RUN make environment
ENV PATH=/reread/.venv/bin:$PATH
EXPOSE 8000
CMD ["make", "serve"]
