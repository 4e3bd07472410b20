-- Dagster's own; the image has made `football` already
CREATE DATABASE dagster ENCODING 'UTF8' TEMPLATE template0;
