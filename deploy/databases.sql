-- Run once by the PostgreSQL image on an empty volume; the desk's database is POSTGRES_DB.
CREATE DATABASE tracker;
CREATE DATABASE shop;
