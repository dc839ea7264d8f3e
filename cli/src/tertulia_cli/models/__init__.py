"""`tertulia fetch-models`: fetches the weights of models. The only part of Tertulia that downloads them."""
