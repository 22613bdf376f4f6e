DROP TABLE chain.halt;
