"""Django storages for the store's files, each with ranged reads; `STORAGES["store"]` names the one in use."""
